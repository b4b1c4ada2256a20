import { expect, test } from 'vitest';
import { ofMachine } from '../../config/machine-address.js';

test('two machines of one host are told apart by their names', () => {
  const urls = ['shop-a', 'shop-b'].map((name) =>
    ofMachine('http://{host}:9404/{machine}?of={machine}', { name, url: 'http://10.0.0.5:8180' }),
  );

  expect(urls).toEqual(['http://10.0.0.5:9404/shop-a?of=shop-a', 'http://10.0.0.5:9404/shop-b?of=shop-b']);
});
