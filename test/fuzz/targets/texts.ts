import type { Random } from '../../../src/random.js';
import { classifyText, MAX_STRING } from '../../../src/broker/angel/texts.js';
import { chance, mutated, randomBytes, size, uglyJson } from '../bytes.js';
import type { Target } from '../target.js';

const samples = [
  'pong',
  '{"correlationID":"abcde12345","errorCode":"E1002","errorMessage":"Invalid Request. Subscription Limit Exceeded"}',
  '{"correlationID": "a" "errorCode": "E1001" "errorMessage": "Invalid"}',
  '{"errorCode":429}',
].map((text) => Buffer.from(text));
const NAMES = ['errorCode', 'errorMessage', 'correlationID'];

function input(random: Random): Buffer {
  if (chance(random, 0.2)) return randomBytes(random, size(random, 70_000) - 1);
  if (chance(random, 0.3)) return Buffer.from(uglyJson(random, NAMES));
  // Input that is hard for the slow path for JSON without commas.
  if (chance(random, 0.1))
    return Buffer.from(
      `{${['"a":"b" ', '"\\u0000":"\\', '"a" ', ' ', '"\\\\":"" '][Math.floor(random() * 5)].repeat(size(random, 4096))}}`,
    );
  return mutated(random, samples);
}

export const texts: Target = {
  name: 'texts',
  description: 'text messages: what the broker says is kept short and printable',
  mostMb: 96,
  input,
  run(bytes) {
    const text = classifyText(bytes);
    switch (text.kind) {
      case 'pong':
      case 'other':
        return text.kind === 'pong' ? 'accepted' : 'refused';
      case 'error':
        for (const name of ['correlationId', 'code', 'message'] as const) {
          if (
            typeof text[name] !== 'string' ||
            text[name].length > MAX_STRING[name] ||
            /[\u0000-\u001f\u007f-\u009f]/.test(text[name])
          )
            throw new Error(`${name} is ${JSON.stringify(text[name]).slice(0, 200)}`);
        }
        return 'accepted';
      default:
        throw new Error(`a text of kind ${String((text as { kind: unknown }).kind)}`);
    }
  },
};
