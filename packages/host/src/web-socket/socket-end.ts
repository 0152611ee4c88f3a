/** web-socket/socket-end.ts
 * One end of a connection between two WebSockets of this process, whoever stands behind them: an object's session, a hibernating object, or
 * code outside any object.
 *
 *   send, close ──▶ leaving: held by the sender's output gate, in order ──▶ the other end: arrived, until somebody receives
 *
 * What arrives is received one after the other: the next when the turn of the one before has run. */

/** What `message` events carry. Bytes are a copy. */
export type SocketMessage = string | ArrayBuffer;

export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/** What is told of a connection whose other end did not close it. */
export const LOST: SocketClose = { code: 1006, reason: "WebSocket disconnected without sending Close frame." };

/** Who is told what arrives. What is returned resolves when that has run, or never will. */
export interface SocketReceiver {
  message(data: SocketMessage): Promise<void>;
  /** The other end has closed. */
  closed(close: SocketClose): Promise<void>;
  /** The other end is gone without closing; `isBroken`: by an error of its code. */
  lost(isBroken: boolean): Promise<void>;
}

type Arrival = (receiver: SocketReceiver) => Promise<void>;

export class SocketEnd {
  /** The other end. */
  readonly peer: SocketEnd;
  /** `serializeAttachment`: kept while its object hibernates. */
  attachment: Uint8Array | undefined;
  /** `ctx.acceptWebSocket` took it. */
  isHibernating = false;
  /** Bytes sent that the other end has not received. */
  bufferedAmount = 0;
  #arrived: Arrival[] = [];
  #receiver: SocketReceiver | undefined;
  #isReceiving = false;
  #leaving: Promise<void> = Promise.resolve();
  #hasClosed = false;
  #isPeerClosed = false;
  /** Its own close has reached the other end. */
  #hasCloseArrived = false;
  #isPeerGone = false;
  #isOver = false;
  #whenOver: (() => void)[] = [];

  constructor(peer?: SocketEnd) {
    this.peer = peer ?? new SocketEnd(this);
  }

  /** 1 open, 2 closing, 3 closed: half of the handshake is made, or all of it. */
  get readyState(): number {
    if (this.#isOver || (this.#hasClosed && this.#isPeerClosed)) return 3;
    return this.#hasClosed || this.#isPeerClosed ? 2 : 1;
  }

  /** This end has sent its close. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** From here on what arrives goes there, beginning with what has arrived already. */
  receive(receiver: SocketReceiver): void {
    this.#receiver = receiver;
    void this.#receiveAll();
  }

  /** Sends when `mayLeave` resolves, and all before it has left. If it rejects, it is lost. */
  send(data: SocketMessage, mayLeave: Promise<void>): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
    this.bufferedAmount += bytes;
    this.#leave(mayLeave, () => {
      this.peer.#arrive((receiver) => {
        this.bufferedAmount -= bytes;
        return receiver.message(data);
      });
    });
  }

  /** Closes this direction. Not twice. */
  close(close: SocketClose, mayLeave: Promise<void>): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.#leave(mayLeave, () => {
      this.#hasCloseArrived = true;
      this.peer.#arrive((receiver) => {
        this.peer.#isPeerClosed = true;
        const received = receiver.closed(close);
        this.peer.#tellIfOver();
        return received;
      });
    });
    this.#tellIfOver();
  }

  /** Has `tell` called when there is nothing more to come from the connection, now or later. */
  whenOver(tell: () => void): void {
    this.#whenOver.push(tell);
    this.#tellIfOver();
  }

  /** Whoever stood behind this end is gone: what has not left is lost, and nothing is received any more. */
  disconnect({ isBroken = false }: { readonly isBroken?: boolean } = {}): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#arrived = [];
    this.#tellIfOver();
    if (this.#hasCloseArrived && this.#isPeerClosed) return;
    this.peer.#arrive((receiver) => {
      this.peer.#isPeerClosed = true;
      this.peer.#isPeerGone = true;
      if (isBroken) this.peer.#isOver = true;
      const received = receiver.lost(isBroken);
      this.peer.#tellIfOver();
      return received;
    });
  }

  #tellIfOver(): void {
    if (this.readyState !== 3 && !this.#isPeerGone) return;
    for (const tell of this.#whenOver.splice(0)) tell();
  }

  #leave(mayLeave: Promise<void>, arrive: () => void): void {
    mayLeave.catch(lostByReset);
    this.#leaving = this.#leaving
      .then(() => mayLeave)
      .then(() => {
        if (!this.#isOver) arrive();
      }, lostByReset);
  }

  #arrive(arrival: Arrival): void {
    if (this.#isOver) return;
    this.#arrived.push(arrival);
    void this.#receiveAll();
  }

  async #receiveAll(): Promise<void> {
    if (this.#isReceiving || !this.#receiver) return;
    this.#isReceiving = true;
    try {
      for (let next = this.#arrived.shift(); next; next = this.#arrived.shift()) await next(this.#receiver);
    } finally {
      this.#isReceiving = false;
    }
  }
}

/** The sender's write failed: its session is reset, and that ends the connection. */
function lostByReset(): void {}
