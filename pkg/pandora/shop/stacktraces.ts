/** @file Stack traces the way each language prints them. */
import type { Language } from './services';

/**
 * The text of `exception.stacktrace`.
 * @param at - the function that threw, such as `PlaceOrder`
 */
export function stacktrace(language: Language, type: string, message: string, at: string): string {
  switch (language) {
    case 'java':
      return [
        `${type}: ${message}`,
        `\tat shop.${at}(${at.split('.')[0]}.java:118)`,
        '\tat io.grpc.stub.ServerCalls$UnaryServerCallHandler.invoke(ServerCalls.java:182)',
        '\tat java.base/java.lang.Thread.run(Thread.java:1583)',
      ].join('\n');
    case 'go':
      return [
        'goroutine 1 [running]:',
        `shop/internal/${at}(...)`,
        '\t/src/internal/handler.go:87 +0x1c4',
        'google.golang.org/grpc.(*Server).processUnaryRPC(...)',
        '\t/go/pkg/mod/google.golang.org/grpc/server.go:1405',
      ].join('\n');
    case 'nodejs':
      return [
        `${type}: ${message}`,
        `    at ${at} (/app/dist/server.js:214:11)`,
        '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
      ].join('\n');
    case 'python':
      return [
        'Traceback (most recent call last):',
        `  File "/app/worker.py", line 61, in ${at}`,
        `${type}: ${message}`,
      ].join('\n');
    case 'dotnet':
      return [`${type}: ${message}`, `   at Shop.${at}() in /src/Cart.cs:line 42`].join('\n');
    case 'rust':
      return [`${type}: ${message}`, `   0: shipping::${at}`, '             at ./src/main.rs:133'].join('\n');
  }
}
