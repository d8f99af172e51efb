/** Documents' files on their way into and out of serve mode. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { failureOf } from '../../engine/errors.ts';
import type { App } from '../services/app.ts';
import { limited, nameOf } from '../services/uploads.ts';

const DROP_MILLISECONDS = 5_000;

export async function takeFile(request: IncomingMessage, response: ServerResponse, url: URL, app: App): Promise<void> {
  try {
    const file = await app.addFile(nameOf(url), whole(request));
    json(response, 201, { result: file });
  } catch (cause) {
    drop(request);
    json(response, 400, { failure: failureOf(cause) });
  }
}

/** What still comes is read and dropped for a while, so that the browser gets its answer. */
function drop(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.destroy(), DROP_MILLISECONDS);
  request.once('close', () => clearTimeout(timer));
}

/** What a request brings, up to the limit; fails where it breaks off. */
function whole(request: IncomingMessage): ReturnType<typeof limited> {
  const content = limited();
  content.on('error', () => {}); // It may break off before anybody reads it; who does is told all the same.
  const broken = () => {
    if (!request.complete) content.destroy(new Error('the browser ended the transfer'));
  };
  request.once('close', broken);
  request.once('error', broken);
  return request.pipe(content);
}

export function giveFile(response: ServerResponse, document: string, app: App): void {
  let path: string;
  try {
    path = app.fileOf(document);
  } catch (cause) {
    json(response, 404, { failure: failureOf(cause) });
    return;
  }
  const file = createReadStream(path);
  // Never as a page of its own: what is in a document must not run here.
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment' };
  file.once('open', () => {
    response.writeHead(200, headers);
    // Closes the file when the browser goes away.
    pipeline(file, response, () => {});
  });
  file.once('error', () => (response.headersSent ? response.destroy() : end(response, 404, 'There is nothing here.')));
}

export function end(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

function json(response: ServerResponse, status: number, content: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(content));
}
