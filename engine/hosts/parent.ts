/** The port to whoever started this process: Node's fork, or Electron's main process. */

/** What Electron gives a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(type: 'message', listener: (event: { data: unknown }) => void): void;
}

export interface Parent {
  post(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
}

/** Ends this process when the other side has gone. */
export function connectParent(): Parent {
  const { parentPort } = process as { parentPort?: ParentPort };
  if (parentPort) {
    return {
      post: (message) => parentPort.postMessage(message),
      listen: (listener) => parentPort.on('message', ({ data }) => listener(data)),
    };
  }
  process.once('disconnect', () => process.exit());
  process.once('error', () => process.exit());
  return { post: (message) => process.send?.(message), listen: (listener) => process.on('message', listener) };
}
