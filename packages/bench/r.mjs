import { openStorage } from "holdfast";
import { drivers } from "./dist/drivers.js";

const d = drivers().find((x) => x.name === process.argv[2]);
const w = process.argv[3];
const o = await openStorage({ id: `q`, driver: d });
const { sql } = o.storage;
sql.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
for (let i = 0; i < 20000; i++) sql.exec("INSERT INTO t VALUES (?, ?)", i, `value ${i}`);
if (w === "sel") for (let k = 0; k < 100; k++) for (let i = 0; i < 20000; i++) sql.exec("SELECT v FROM t WHERE id = ?", i).one();
else for (let i = 20000; i < 1000000; i++) sql.exec("INSERT INTO t VALUES (?, ?)", i, `value ${i}`);
