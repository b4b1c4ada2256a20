import { libertyShop } from '../fixtures/servers/liberty.js';
import { conforms } from './conformance.js';

conforms({
  name: 'liberty-cache',
  mechanism: 'liberty, sessionCache-1.0 in Hazelcast',
  shop: (directory, databaseUrl) => libertyShop(directory, databaseUrl, 'liberty-cache'),
});
