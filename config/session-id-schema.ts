// What vm-rejuv.yaml may say of where session ids travel. What it leaves out is as the server has it: customary-ids.ts.

import { z } from 'zod';
import { matching } from './fields.js';
import { ROUTE_MARKERS } from './route-marker.js';

/** RFC 6265, section 4.1.1, and RFC 9110, section 5.1: the names of cookies and headers are tokens, as RFC 9110 has them in section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const CHARACTERS = "letters, digits and any of !#$%&'*+-.^_`|~";
const COOKIE = `the name of a cookie: ${CHARACTERS}`;
const HEADER = `the name of a header such as X-Auth-Token, other than Cookie, Set-Cookie and those of HTTP itself, such as Host: ${CHARACTERS}`;
/** A cookie is named by its own name; the rest is of every request, or of one connection alone. */
const NO_ID =
  /^(cookie|set-cookie|host|connection|keep-alive|content-length|content-type|transfer-encoding|te|trailer|upgrade|date|expect)$/i;

export const sessionIdSchema = z
  .strictObject({
    cookies: z.array(matching(TOKEN, COOKIE), 'a list of names of cookies, such as [JSESSIONID]').optional(),
    pathParameter: z.string('the name of a path parameter, such as jsessionid, or null for none').min(1).nullable().optional(),
    pathSegment: z.enum(['asp-net'], 'asp-net, or null for none').nullable().optional(),
    headers: z
      .array(
        matching(TOKEN, HEADER).refine((name) => !NO_ID.test(name), HEADER),
        'a list of names of headers, such as [X-Auth-Token]',
      )
      .optional(),
    routeMarker: z.enum(ROUTE_MARKERS).optional(),
  })
  .refine(({ cookies, pathParameter, pathSegment, headers = [] }) => {
    const isElsewhere = headers.length > 0 || (pathParameter ?? null) !== null || (pathSegment ?? null) !== null;
    return cookies === undefined || cookies.length > 0 || isElsewhere;
  }, 'a mapping that names a cookie, a header, a pathParameter or a pathSegment: ids must be somewhere');
