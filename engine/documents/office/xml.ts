/** XML of office files and books, parsed strictly; entities that a file declares itself are never expanded. */
import { DOMParser, type Element } from '@xmldom/xmldom';
import { ProximaError } from '../../errors.ts';

export type XmlElement = Element;

/** Throws `document-damaged` where the bytes are no XML; `part` says of what. */
export function parseXml(bytes: Uint8Array, part: string): XmlElement {
  const fail = (reason: string): never => {
    throw new ProximaError('document-damaged', { name: part, reason });
  };
  const text = decodeXml(bytes);
  if (/<!ENTITY/i.test(text)) fail('it declares entities of its own');
  let root: XmlElement | null = null;
  try {
    const parser = new DOMParser({
      onError: (level, message) => {
        if (level !== 'warning') throw new SyntaxError(message);
      },
    });
    root = parser.parseFromString(text, 'text/xml').documentElement;
  } catch {
    fail('it is no XML');
  }
  return root ?? fail('it is empty');
}

function decodeXml(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes).replace(/^\ufeff/, '');
}

/** Child elements, by their names without prefix where one is given. */
export function children(element: XmlElement, name?: string): XmlElement[] {
  return Array.from(element.childNodes).filter(
    (node): node is XmlElement => node.nodeType === 1 && (name === undefined || localName(node as XmlElement) === name),
  );
}

export function localName(element: XmlElement): string {
  return element.localName ?? element.nodeName.replace(/^.*:/, '');
}

/** All elements below, in the order of the file. */
export function descendants(element: XmlElement, name: string): XmlElement[] {
  return Array.from(element.getElementsByTagNameNS('*', name));
}

/** An attribute by its name without prefix. */
export function attribute(element: XmlElement, name: string): string | undefined {
  return Array.from(element.attributes).find(({ localName, nodeName }) => (localName ?? nodeName) === name)?.value;
}

export function textOf(element: XmlElement | undefined): string {
  return element?.textContent ?? '';
}
