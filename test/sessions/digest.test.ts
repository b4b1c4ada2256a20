import { expect, test } from 'vitest';
import { DigestChallenge } from '../../activities/sessions/servers/digest.js';

/** RFC 7616 section 3.9.1. */
const NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const OPAQUE = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const challenge = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${NONCE}", opaque="${OPAQUE}"`;
const answerTo = (header: string | string[]): string | undefined =>
  DigestChallenge.from(header)?.answer('Mufasa', 'Circle of Life', 'GET', '/dir/index.html', CNONCE);

test.each([
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
])('a challenge of %s is answered as the standard has it', (algorithm, response) => {
  expect(answerTo(challenge(algorithm))).toContain(`response="${response}"`);
});

test('of several challenges the first that can be answered is, in one header or in several', () => {
  const other = challenge('SHA-512-256');
  for (const header of [[other, 'Basic realm="x"', challenge('MD5')], `${other}, Basic realm="x", ${challenge('MD5')}`]) {
    expect(answerTo(header)).toContain('algorithm=MD5');
  }
  expect(DigestChallenge.from('Basic realm="x"')).toBeNull();
  expect(DigestChallenge.from(challenge('MD5').replace('auth, auth-int', 'auth-int'))).toBeNull();
  expect(DigestChallenge.from(undefined)).toBeNull();
});

test('each answer to a challenge has the next number, and quotes what needs it', () => {
  const one = DigestChallenge.from(challenge('MD5'));
  expect(one?.answer('a', 'p', 'GET', '/')).toContain('nc=00000001');
  expect(one?.answer('a"b\\c', 'p', 'GET', '/')).toMatch(/username="a\\"b\\\\c".*nc=00000002/);
});
