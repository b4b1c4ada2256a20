// Servers that cannot be had here, as they are recorded: each id of an exchange is the same session to the proxy, and stand-ins write it so.

import { expect, test } from 'vitest';
import { sessionIds } from '../../config/customary-ids.js';
import type { RouteMarker } from '../../config/route-marker.js';
import { ROUTE_MARKERS } from '../../config/route-marker.js';
import { SessionIds } from '../../proxy/session-ids.js';
import type { RecordedExchange } from '../fixtures/recordings/recording.js';
import { readRecording } from '../fixtures/recordings/recording.js';
import { webLogicIds } from '../fixtures/servers/stand-in/weblogic-ids.js';
import { webSphereIds } from '../fixtures/servers/stand-in/websphere-ids.js';

const RECORDED = [
  { recording: readRecording('websphere'), standIn: webSphereIds },
  { recording: readRecording('weblogic'), standIn: webLogicIds },
];

/** What the proxy takes for ids of sessions in a request and its answer. */
function seen({ sent, answered }: RecordedExchange, routeMarker: RouteMarker): string[] {
  const places = new SessionIds(sessionIds('shared-store', { routeMarker }));
  const headers = sent?.in === 'cookie' ? { cookie: `lang=en; JSESSIONID=${sent.value}; _WL_AUTHCOOKIE_JSESSIONID=A1` } : {};
  const url = sent?.in === 'path' ? `/shop/cart;jsessionid=${sent.value}?item=one` : '/shop/cart';
  const cookie = ['set-cookie', `JSESSIONID=${answered ?? ''}; path=/; HttpOnly`] as const;
  return [...places.ofRequest({ headers, url }), ...places.ofAnswer([cookie])];
}

for (const { recording, standIn } of RECORDED) {
  const { server, routeMarker, exchanges } = recording;

  test.each(exchanges)(`${server}: the proxy sees one session where $what`, (exchange) => {
    expect([...new Set(seen(exchange, routeMarker))]).toEqual([exchange.id]);
  });

  test.each(ROUTE_MARKERS.filter((marker) => marker !== routeMarker))(
    `${server}: with routeMarker: %s the proxy would take a session for another one once a server has written its name`,
    (marker) => {
      const handedOver = exchanges.filter(({ sent, answered }) => sent !== null && answered !== null);
      expect(handedOver.length).toBeGreaterThan(2);
      for (const exchange of handedOver) expect(new Set(seen(exchange, marker)).size, exchange.what).toBe(2);
    },
  );

  const answers = exchanges.filter(({ server: names, answered }) => names !== null && answered !== null);
  test.each(answers)(`${server}: the stand-in answers as recorded where $what`, ({ id, server: names, sent, answered }) => {
    expect(id).toHaveLength(standIn.idLength);
    if (sent !== null) expect(standIn.idIn(sent.value)).toBe(id);
    expect(standIn.valueOf(id, sent?.value ?? null, names ?? { own: '', other: null })).toBe(answered);
  });
}
