// The XML of the vSphere API: a request from plain values, and what an answer holds.

import type { Document, Element } from '@xmldom/xmldom';
import { DOMImplementation, DOMParser, XMLSerializer } from '@xmldom/xmldom';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const VIM = 'urn:vim25';
const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** A thing of the server's, by its type and the id that the server has given it. */
export class ManagedObject {
  constructor(
    readonly type: string,
    readonly id: string,
  ) {}
}

/** An element's: text, a reference, elements in their order, or several elements of one name. */
export type Content = string | ManagedObject | { readonly [name: string]: Content } | readonly Content[];

/** The envelope that calls `method`. */
export function envelope(method: string, content: Content): string {
  const document = new DOMImplementation().createDocument(SOAP, 'soap:Envelope');
  const body = document.createElementNS(SOAP, 'soap:Body');
  document.documentElement?.appendChild(body);
  append(document, body, method, content);
  return new XMLSerializer().serializeToString(document);
}

function append(document: Document, parent: Element, name: string, content: Content): void {
  if (isList(content)) return content.forEach((one) => append(document, parent, name, one));
  const element = document.createElementNS(VIM, name);
  parent.appendChild(element);
  if (typeof content === 'string') element.textContent = content;
  else if (content instanceof ManagedObject) {
    element.setAttribute('type', content.type);
    element.textContent = content.id;
  } else for (const [child, of] of Object.entries(content)) append(document, element, child, of);
}

const isList = (content: Content): content is readonly Content[] => Array.isArray(content);

/** The only element in the body of an envelope. Throws when the text is none. */
export function bodyOf(text: string): Element {
  const document = new DOMParser({ onError: (_level, message) => fail(message) }).parseFromString(text, 'text/xml');
  const [body] = document.getElementsByTagNameNS(SOAP, 'Body');
  const content = body === undefined ? undefined : childrenOf(body)[0];
  return content ?? fail('it has no body of SOAP');
}

function fail(message: string): never {
  throw new Error(message);
}

/** Elements alone, those of one name where it is given. Names are without their prefixes, which are each server's own. */
export function childrenOf(element: Element, name?: string): Element[] {
  const found: Element[] = [];
  for (let child = element.firstChild; child !== null; child = child.nextSibling)
    if (child.nodeType === child.ELEMENT_NODE && (name === undefined || child.localName === name)) found.push(child as Element);
  return found;
}

/** The first element along a path, or undefined. */
export function find(element: Element | undefined, ...path: string[]): Element | undefined {
  return path.reduce<Element | undefined>((at, name) => at && childrenOf(at, name)[0], element);
}

export function textOf(element: Element | undefined, ...path: string[]): string | undefined {
  return find(element, ...path)?.textContent?.trim();
}

/** A reference; undefined where there is none. */
export function objectOf(element: Element | undefined): ManagedObject | undefined {
  const [type, id] = [element?.getAttribute('type'), textOf(element)];
  return type && id ? new ManagedObject(type, id) : undefined;
}

/** The type that the server says an element has, where the API allows several, without its prefix. */
export function typeOf(element: Element | undefined): string | undefined {
  return element?.getAttributeNS(SCHEMA_INSTANCE, 'type')?.split(':').at(-1);
}
