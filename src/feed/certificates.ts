/** Certificates that a user trusts in place of the public ones. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EngineError, sentenceOf } from '../errors.js';

/** The file of `option` as PEM text. Throws EngineError CONFIG when it has none or one cannot be read. */
export function readCertificates(path: string, option = '--ca'): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new EngineError('CONFIG', `${option} ${path} cannot be read (${sentenceOf(error)}).`);
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw new EngineError(
      'CONFIG',
      `${option} ${path} holds a private key: name the file with the certificate alone.`,
    );
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0)
    throw new EngineError(
      'CONFIG',
      `${option} ${path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).`,
    );
  blocks.forEach((block, index) => {
    try {
      new X509Certificate(block);
    } catch {
      throw new EngineError(
        'CONFIG',
        `${option} ${path}: certificate ${index + 1} of ${blocks.length} is damaged.`,
      ); // OpenSSL's own words do not help a user.
    }
  });
  return blocks.join('\n');
}
