import { LANGUAGE } from '../test/datasource';
import { hoverAt } from './hover';

describe('hoverAt', () => {
  const text = '{ span:duration > 1s && resource.x = error } | avg(name)';
  it.each([
    ['span:duration', 'intrinsic, duration: end − start'],
    ['resource.x', 'attributes of the resource'],
    ['error', 'status error'],
    ['avg', 'average'],
    ['name', 'intrinsic, string: name of the span'],
    ['&&', 'operator &&'],
  ])('explains %s', (word, help) => {
    const start = text.indexOf(word);
    expect(hoverAt(text, start + 1, LANGUAGE)).toEqual({
      text: `\`${word}\`: ${help}`,
      start,
      end: start + word.length,
    });
  });

  it.each(['1s', ' '])('is silent on %p', (word) => {
    expect(hoverAt(text, text.indexOf(word), LANGUAGE)).toBeUndefined();
  });
});
