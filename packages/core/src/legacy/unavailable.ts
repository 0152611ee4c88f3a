/** What legacy objects have the shape of, and not the use (`spec/kv` §7): `ctx.storage.sql` and `ctx.storage.kv`. */
import { NO_SQL, NO_SYNC_KV } from "../messages.js";
import { shapeAsPlatform } from "../platform-class.js";

const noSql = (): never => {
  throw new Error(NO_SQL);
};

const noSyncKv = (): never => {
  throw new Error(NO_SYNC_KV);
};

class SqlStorage {
  exec(): never {
    return noSql();
  }

  get databaseSize(): never {
    return noSql();
  }

  static {
    shapeAsPlatform(SqlStorage);
  }
}

class SyncKvStorage {
  get(): never {
    return noSyncKv();
  }

  list(): never {
    return noSyncKv();
  }

  put(): never {
    return noSyncKv();
  }

  delete(): never {
    return noSyncKv();
  }

  static {
    shapeAsPlatform(SyncKvStorage);
  }
}

export { SqlStorage as UnavailableSql, SyncKvStorage as UnavailableSyncKv };
