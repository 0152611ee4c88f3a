/** web-socket/web-socket.ts
 * `WebSocket` as code of objects has it: one end of a connection, to be accepted before it is used.
 *
 *   made by a pair ──▶ accept() ──▶ events, in the scope that accepted
 *                └──▶ ctx.acceptWebSocket() ──▶ handlers of the class, also after the object has slept
 *
 * 1. What is sent leaves when everything the object has written before is durable.
 * 2. An accepted socket keeps its object in memory and ends with its session; a hibernating one does neither.
 * 3. A listener that throws breaks the connection, as on the platform. */
import { deserialize, illegalInvocation, notOfType, serialize, shapeAsPlatform } from "@holdfast/core";
import type { Compatibility } from "../compatibility.js";
import { currentObject } from "../current-object.js";
import { currentCompatibility } from "../module-environment.js";
import type { ObjectInstance } from "../object-instance.js";
import { closeEvent, errorEvent } from "./events.js";
import type { ObjectWebSocket, SocketListener } from "./object-web-socket.js";
import { LOST, type SocketEnd, type SocketMessage } from "./socket-end.js";

const NO_CODE = 1005;
const RESERVED_CODES: ReadonlySet<number> = new Set([1004, NO_CODE, 1006, 1015]);
const NETWORK_LOST = "Network connection lost.";
const MAX_REASON_BYTES = 123;
const MAX_ATTACHMENT_BYTES = 16_384;

type Listener = SocketListener<never>;

interface Internals {
  readonly end: SocketEnd;
  /** The session whose code this is, if it is an object's. */
  owner: ObjectInstance | undefined;
  use: "new" | "accepted" | "hibernating";
  /** Lets go of the session that the connection would end with. */
  letGo: () => void;
}

const internals = new WeakMap<object, Internals>();

/** What stands behind a WebSocket; `undefined` for anything else. */
export function behind(socket: unknown): Internals | undefined {
  return typeof socket === "object" && socket !== null ? internals.get(socket) : undefined;
}

/** From here on the connection ends with this session, and with no other. */
export function endWith(socket: WebSocket, session: ObjectInstance | undefined): void {
  const state = inside(socket);
  state.letGo();
  state.letGo = session?.atEnd(() => state.end.disconnect()) ?? (() => {});
  state.end.whenOver(() => state.letGo());
}

export class WebSocket extends EventTarget implements ObjectWebSocket {
  declare static readonly READY_STATE_CONNECTING: 0;
  declare static readonly CONNECTING: 0;
  declare static readonly READY_STATE_OPEN: 1;
  declare static readonly OPEN: 1;
  declare static readonly READY_STATE_CLOSING: 2;
  declare static readonly CLOSING: 2;
  declare static readonly READY_STATE_CLOSED: 3;
  declare static readonly CLOSED: 3;
  /** Of the code that made the connection. */
  readonly #rules: Compatibility = currentCompatibility();
  #binaryType: "blob" | "arraybuffer";
  #allowsHalfOpen = false;
  readonly #guarded = new WeakMap<object, (event: Event) => void>();
  #thrown: { readonly error: unknown } | undefined;

  /** Made by a pair, and for an object that wakes. */
  constructor(end: SocketEnd, owner?: ObjectInstance) {
    super();
    this.#binaryType = this.#rules.socketsGiveBlobs ? "blob" : "arraybuffer";
    internals.set(this, { end, owner, use: owner ? "hibernating" : "new", letGo() {} });
  }

  /** Where the connection leads; `null`: it was not made by an address. */
  get url(): string | null {
    return null;
  }

  get protocol(): string | null {
    return "";
  }

  get extensions(): string | null {
    return "";
  }

  /** Bytes that were sent and that the other end has not received. */
  get bufferedAmount(): number {
    return inside(this).end.bufferedAmount;
  }

  get readyState(): number {
    return inside(this).end.readyState;
  }

  /** How bytes arrive at listeners; `webSocketMessage` always gets an `ArrayBuffer`. */
  get binaryType(): "blob" | "arraybuffer" {
    return this.#binaryType;
  }

  set binaryType(type: "blob" | "arraybuffer") {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  /** Begins to receive: events go to the listeners. Not needed, and refused, after `ctx.acceptWebSocket()`.
   * @throws TypeError for a hibernating socket */
  accept(options?: { allowHalfOpen?: boolean }): void {
    const state = inside(this);
    if (state.use === "hibernating") throw new TypeError("Can't accept() WebSocket after enabling hibernation.");
    if (state.use === "accepted") return;
    const owner = currentObject();
    const scope = owner?.currentScope;
    this.#allowsHalfOpen = options?.allowHalfOpen ?? !this.#rules.socketsReplyToClose;
    state.use = "accepted";
    state.owner = owner;
    const { end } = state;
    if (owner) {
      endWith(this, owner);
      end.whenOver(owner.busy());
    }
    const run = (event: () => void): Promise<void> => {
      if (!owner) return Promise.resolve().then(event);
      return new Promise((resolve) => {
        owner.deliver(() => {
          event();
          resolve();
        }, scope);
      });
    };
    const tell = (event: Event) =>
      run(() => {
        const thrown = this.#tell(event);
        if (!thrown) return;
        end.disconnect({ isBroken: true });
        if (event.type === "message") this.#tell(errorEvent(thrown.error));
        else void run(() => this.#tell(errorEvent(new Error(NETWORK_LOST))));
      });
    end.receive({
      message: (data) => tell(this.#messageEvent(data)),
      closed: (close) => {
        if (!this.#allowsHalfOpen) end.close(close, mayLeave(this));
        return tell(closeEvent({ ...close, wasClean: true }));
      },
      lost: async (isBroken) => {
        if (isBroken) await tell(errorEvent(new Error(NETWORK_LOST)));
        await tell(closeEvent({ ...LOST, wasClean: false }));
      },
    });
  }

  /** Sends text, or a copy of bytes. What is neither is sent as its text. Nothing happens if the other end is gone.
   * @throws TypeError before `accept()`, and after `close()` */
  send(message: ArrayBuffer | ArrayBufferView | string): void;
  send(...args: unknown[]): void {
    if (args.length === 0) throw notOfType("send", "WebSocket", 1, "ArrayBuffer or ArrayBufferView or string");
    const { end } = accepted(this);
    if (end.hasClosed) throw new TypeError("Can't call WebSocket send() after close().");
    end.send(toMessage(args[0]), mayLeave(this));
  }

  /** Closes; a second call does nothing.
   * @throws TypeError before `accept()`; DOMException `InvalidAccessError` for a code that is not for applications, or a reason without a code;
   * `SyntaxError` for a reason longer than 123 bytes */
  close(code?: number, reason?: string): void {
    const { end } = accepted(this);
    if (end.hasClosed) return;
    const close = { code: code === undefined ? NO_CODE : closeCode(code), reason: reason === undefined ? "" : String(reason) };
    if (code === undefined && reason !== undefined) {
      throw new DOMException("If you specify a WebSocket close reason, you must also specify a code.", "InvalidAccessError");
    }
    if (this.#rules.socketsLimitReasons && new TextEncoder().encode(close.reason).length > MAX_REASON_BYTES) {
      throw new DOMException("WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.", "SyntaxError");
    }
    end.close(close, mayLeave(this));
  }

  /** Keeps a value with the connection, also while its object hibernates.
   * @throws DOMException `DataCloneError`; Error for more than 16,384 bytes */
  serializeAttachment(attachment: unknown): void;
  serializeAttachment(...args: unknown[]): void {
    if (args.length === 0) throw notOfType("serializeAttachment", "WebSocket", 1, "Value");
    const bytes = serialize(args[0], undefined, this.#rules.enhancedErrors);
    if (bytes.length > MAX_ATTACHMENT_BYTES) {
      throw new Error(
        `A WebSocket 'attachment' cannot be larger than ${MAX_ATTACHMENT_BYTES} bytes.'attachment' was ${bytes.length} bytes.`,
      );
    }
    inside(this).end.attachment = bytes;
  }

  /** A fresh copy of what was kept, or `null`. */
  deserializeAttachment(): unknown {
    const { attachment } = inside(this).end;
    return attachment ? deserialize(attachment) : null;
  }

  override addEventListener(type: string, listener: Listener | null, options?: AddEventListenerOptions | boolean): void {
    if (listener) super.addEventListener(type, this.#guard(listener), options);
  }

  override removeEventListener(type: string, listener: Listener | null, options?: EventListenerOptions | boolean): void {
    if (listener) super.removeEventListener(type, this.#guard(listener), options);
  }

  #messageEvent(data: SocketMessage): Event {
    const isBlob = typeof data !== "string" && this.#binaryType === "blob";
    const event = new MessageEvent("message", { data: isBlob ? new Blob([data]) : data });
    return Object.defineProperty(event, "origin", { value: null });
  }

  /** What the first of the listeners that failed has thrown (rule 3). They are guarded: one that throws would end a process of Node. */
  #tell(event: Event): { readonly error: unknown } | undefined {
    this.#thrown = undefined;
    this.dispatchEvent(event);
    return this.#thrown;
  }

  #guard(listener: Listener): (event: Event) => void {
    let guarded = this.#guarded.get(listener);
    if (!guarded) {
      guarded = (event) => {
        const { owner } = inside(this);
        try {
          const result =
            typeof listener === "function"
              ? Reflect.apply(listener, this, [event as never])
              : listener.handleEvent(event as never);
          if (result instanceof Promise && owner) owner.runLogged(() => result);
        } catch (error) {
          this.#thrown ??= { error };
        }
      };
      this.#guarded.set(listener, guarded);
    }
    return guarded;
  }
}

shapeAsPlatform(WebSocket);

/** On the class and on every socket. */
for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries()) {
  for (const owner of [WebSocket, WebSocket.prototype]) {
    const constant = { value, enumerable: true };
    Object.defineProperties(owner, { [`READY_STATE_${name}`]: constant, [name]: constant });
  }
}

/** @throws TypeError for what is no WebSocket of ours */
function inside(socket: WebSocket): Internals {
  const found = behind(socket);
  if (!found) throw illegalInvocation();
  return found;
}

function accepted(socket: WebSocket): Internals {
  const found = inside(socket);
  if (found.use !== "new") return found;
  throw new TypeError("You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.");
}

/** Rule 1. */
function mayLeave(socket: WebSocket): Promise<void> {
  return inside(socket).owner?.mayReveal() ?? Promise.resolve();
}

function toMessage(value: unknown): SocketMessage {
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)).buffer;
  }
  return String(value);
}

function closeCode(given: unknown): number {
  const code = Math.trunc(Number(given)) || 0;
  if (code >= 1000 && code < 5000 && !RESERVED_CODES.has(code)) return code;
  throw new DOMException(`Invalid WebSocket close code: ${code}.`, "InvalidAccessError");
}
