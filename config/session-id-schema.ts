// What vm-rejuv.yaml may say of where session ids travel. What it leaves out is as the server has it: customary-ids.ts.

import { z } from 'zod';
import { matching, refuseTwice } from './fields.js';
import { ROUTE_MARKERS } from './route-marker.js';

/** RFC 6265, section 4.1.1, and RFC 9110, section 5.1: the names of cookies and headers are tokens, as RFC 9110 has them in section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const CHARACTERS = "letters, digits and any of !#$%&'*+-.^_`|~";
const COOKIE = `the name of a cookie: ${CHARACTERS}`;
const HEADER = `the name of a header of the application's own such as X-Auth-Token: ${CHARACTERS}`;
/** Have fields of their own, or are the same for many clients, or stay on one connection: they would make one session of many. */
const NO_ID =
  /^(cookie|set-cookie|host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|location|date)$/i;
const PATH_PARAMETER = 'the name of a path parameter, such as jsessionid, or null for none';

export const sessionIdSchema = z
  .strictObject({
    cookies: z
      .array(matching(TOKEN, COOKIE), 'a list of names of cookies, such as [JSESSIONID]')
      .superRefine(refuseTwice())
      .optional(),
    pathParameter: matching(/^[^\s;=/?#]+$/, PATH_PARAMETER)
      .nullable()
      .optional(),
    pathSegment: z.enum(['asp-net'], 'asp-net, or null for none').nullable().optional(),
    headers: z
      .array(
        matching(TOKEN, HEADER).refine((name) => !NO_ID.test(name), HEADER),
        'a list of names of headers, such as [X-Auth-Token]',
      )
      // RFC 9110, section 5.1: their case tells nothing.
      .superRefine(refuseTwice((name) => name.toLowerCase()))
      .optional(),
    routeMarker: z.enum(ROUTE_MARKERS).optional(),
  })
  .refine(({ cookies, pathParameter, pathSegment, headers = [] }) => {
    const isElsewhere = headers.length > 0 || (pathParameter ?? null) !== null || (pathSegment ?? null) !== null;
    return cookies === undefined || cookies.length > 0 || isElsewhere;
  }, 'a mapping that names a cookie, a header, a pathParameter or a pathSegment: ids must be somewhere');
