/**
 * @file A go-plugin host in TypeScript: starts the backend the way Grafana does and calls its services.
 * Source: hashicorp/go-plugin client.go and Grafana's pkg/plugins/backendplugin/grpcplugin.
 */
import { type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import { Client, type ClientReadableStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { serviceDefinition } from '../../pkg/grafana';

/** What go-plugin and Grafana put into a plugin's environment; nothing of their own environment comes with it. */
export const GRAFANA_ENV = {
  grafana_plugin_type: 'datasource',
  PLUGIN_MIN_PORT: '0',
  PLUGIN_MAX_PORT: '0',
  PLUGIN_PROTOCOL_VERSIONS: '2',
  GF_VERSION: '12.4.0',
};

const START_TIMEOUT_MS = 60_000;

/** What a test needs to see of a started plugin. */
export class PluginHost {
  private constructor(
    readonly process: ChildProcess,
    /** The five parts of the handshake line. */
    readonly handshake: readonly string[],
    private readonly client: Client,
    private readonly output: { stdout: string; stderr: string }
  ) {}

  /** Starts `command` and connects. Rejects when the handshake is not the documented one. */
  static async start(command: string, args: string[], env: Record<string, string> = {}): Promise<PluginHost> {
    const child = spawn(command, args, { env: { ...GRAFANA_ENV, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString('utf8')));
    const line = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no handshake')), START_TIMEOUT_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        output.stdout += chunk.toString('utf8');
        const end = output.stdout.indexOf('\n');
        if (end >= 0) {
          clearTimeout(timer);
          resolve(output.stdout.slice(0, end));
        }
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the plugin exited with ${code} before the handshake: ${output.stderr}`));
      });
    });
    const parts = line.trim().split('|');
    const [core, app, network, address, protocol] = parts;
    if (core !== '1' || app !== '2' || protocol !== 'grpc' || address === undefined) {
      child.kill('SIGKILL');
      throw new Error(`not the handshake: ${line}`);
    }
    const target = network === 'unix' ? `unix:${address}` : address;
    const client = new Client(target, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    return new PluginHost(child, parts, client, output);
  }

  /** Everything written to stdout after the handshake line. */
  get stdoutAfterHandshake(): string {
    return this.output.stdout.slice(this.output.stdout.indexOf('\n') + 1);
  }

  get stderr(): string {
    return this.output.stderr;
  }

  /** The log, one parsed line each. Throws when a line is not JSON: Grafana would show it at debug level only. */
  get logs(): Array<Record<string, unknown>> {
    const lines = this.output.stderr.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Calls a unary method. */
  call<Q extends DescMessage, A extends DescMessage>(
    service: GenService<GenServiceMethods>,
    method: string,
    request: MessageShape<Q>,
    metadata: Record<string, string> = {}
  ): Promise<MessageShape<A>> {
    const definition = serviceDefinition(service)[method];
    if (definition === undefined) {
      throw new Error(`no method ${method}`);
    }
    return this.raw(definition.path, definition.requestSerialize(request), metadata).then(
      (bytes) => definition.responseDeserialize(bytes) as MessageShape<A>
    );
  }

  /** Calls a unary method with any bytes. */
  raw(path: string, bytes: Buffer, metadata: Record<string, string> = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const pass = (value: Buffer) => value;
      const sent = new Metadata();
      Object.entries(metadata).forEach(([key, value]) => sent.set(key, value));
      this.client.makeUnaryRequest(path, pass, pass, bytes, sent, (error: ServiceError | null, answer?: Buffer) =>
        error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error)
      );
    });
  }

  /** Calls a unary method and gives up at once, as Grafana does when a panel is closed. @returns how the call ended */
  cancelled<Q extends DescMessage>(
    service: GenService<GenServiceMethods>,
    method: string,
    request: MessageShape<Q>,
    afterMs: number
  ): Promise<'answered' | 'cancelled'> {
    const definition = serviceDefinition(service)[method];
    return new Promise((resolve) => {
      const pass = (value: Buffer) => value;
      const bytes = definition?.requestSerialize(request) ?? Buffer.alloc(0);
      const call = this.client.makeUnaryRequest(definition?.path ?? '', pass, pass, bytes, (error) =>
        resolve(error === null ? 'answered' : 'cancelled')
      );
      setTimeout(() => call.cancel(), afterMs);
    });
  }

  /** Calls a method that answers with a stream, and gathers the messages. */
  stream<Q extends DescMessage, A extends DescMessage>(
    service: GenService<GenServiceMethods>,
    method: string,
    request: MessageShape<Q>
  ): Promise<Array<MessageShape<A>>> {
    const call = this.open<Q, A>(service, method, request);
    return new Promise((resolve, reject) => {
      const messages: Array<MessageShape<A>> = [];
      call.on('data', (message: MessageShape<A>) => messages.push(message));
      call.on('error', reject);
      call.on('end', () => resolve(messages));
    });
  }

  /** Calls a method that answers with a stream. */
  open<Q extends DescMessage, A extends DescMessage>(
    service: GenService<GenServiceMethods>,
    method: string,
    request: MessageShape<Q>
  ): ClientReadableStream<MessageShape<A>> {
    const definition = serviceDefinition(service)[method];
    if (definition === undefined) {
      throw new Error(`no method ${method}`);
    }
    const { path, requestSerialize, responseDeserialize } = definition;
    return this.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request
    ) as ClientReadableStream<MessageShape<A>>;
  }

  /** Waits for the process to end. @returns its exit code, or the signal that ended it */
  async exited(): Promise<number | string> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await once(this.process, 'exit');
    }
    return this.process.exitCode ?? this.process.signalCode ?? 'unknown';
  }

  /** Ends the process whatever it does, for clean-up. */
  async kill(): Promise<void> {
    this.client.close();
    this.process.kill('SIGKILL');
    await this.exited();
  }
}
