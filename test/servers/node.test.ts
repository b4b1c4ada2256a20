import { nodeShop } from '../../demo/node-shop.js';
import { conforms } from './conformance.js';

conforms({ name: 'node', mechanism: 'shared-store, PostgreSQL', shop: nodeShop });
