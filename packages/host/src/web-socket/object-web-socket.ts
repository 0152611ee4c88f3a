/** The types of WebSockets in public signatures: what `ctx` takes and gives fits the published types. */

/** What listeners of each event are given. */
interface SocketEvents {
  message: { readonly type: string; readonly data: unknown };
  close: { readonly type: string; readonly code: number; readonly reason: string; readonly wasClean: boolean };
  error: { readonly type: string; readonly message: string; readonly error: unknown };
  open: { readonly type: string };
}

export type SocketListener<E> = ((event: E) => unknown) | { handleEvent(event: E): unknown };

interface ListenerOptions {
  capture?: boolean;
  passive?: boolean;
  once?: boolean;
  signal?: { readonly aborted: boolean };
}

/** `WebSocket` as `ctx` takes and gives it. */
export interface ObjectWebSocket {
  accept(options?: { allowHalfOpen?: boolean }): void;
  send(message: ArrayBuffer | ArrayBufferView | string): void;
  close(code?: number, reason?: string): void;
  serializeAttachment(attachment: unknown): void;
  deserializeAttachment(): unknown;
  addEventListener<K extends keyof SocketEvents>(
    type: K,
    listener: SocketListener<SocketEvents[K]>,
    options?: ListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof SocketEvents>(
    type: K,
    listener: SocketListener<SocketEvents[K]>,
    options?: EventListenerOptions | boolean,
  ): void;
  dispatchEvent(event: { readonly type: string }): boolean;
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly url: string | null;
  readonly protocol: string | null;
  readonly extensions: string | null;
  binaryType: "blob" | "arraybuffer";
}

/** A message, and what is answered to it. */
export interface RequestResponsePair {
  readonly request: string;
  readonly response: string;
}
