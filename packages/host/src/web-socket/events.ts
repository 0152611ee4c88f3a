/** Events of WebSockets that not every platform has. */

interface CloseDetail {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

class OwnCloseEvent extends Event implements CloseDetail {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(type: string, { code, reason, wasClean }: CloseDetail) {
    super(type);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

class OwnErrorEvent extends Event {
  readonly message: string;
  readonly error: unknown;

  constructor(type: string, { message, error }: { readonly message: string; readonly error: unknown }) {
    super(type);
    this.message = message;
    this.error = error;
  }
}

for (const [name, Class] of Object.entries({ CloseEvent: OwnCloseEvent, ErrorEvent: OwnErrorEvent })) {
  Object.defineProperty(Class, "name", { value: name });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

const platform = globalThis as unknown as { CloseEvent?: typeof OwnCloseEvent; ErrorEvent?: typeof OwnErrorEvent };

export const CloseEvent: typeof OwnCloseEvent = platform.CloseEvent ?? OwnCloseEvent;
export const ErrorEvent: typeof OwnErrorEvent = platform.ErrorEvent ?? OwnErrorEvent;

export function closeEvent(detail: CloseDetail): Event {
  return new CloseEvent("close", detail);
}

/** As listeners of `error` see what went wrong. */
export function errorEvent(error: unknown): Event {
  return new ErrorEvent("error", { message: `Uncaught ${String(error)}`, error });
}
