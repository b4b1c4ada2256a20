import { standInShop } from '../fixtures/servers/stand-in.js';
import { conforms } from './conformance.js';
import { idsAreMarked } from './marked-ids.js';

const shop = (directory: string, databaseUrl: string): ReturnType<typeof standInShop> =>
  standInShop('websphere', directory, databaseUrl);

conforms({ name: 'websphere', mechanism: "shared-store, a stand-in with WebSphere's ids", shop });
idsAreMarked({ name: 'websphere', shop, routeMarker: 'clone-ids' });
