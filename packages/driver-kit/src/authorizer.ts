/** What an authorizer answers, as SQLite's numbers. */
export const AUTHORIZED = { ok: 0, deny: 1, ignore: 2 } as const;
