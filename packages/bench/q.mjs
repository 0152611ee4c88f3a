import { openDatabase } from "@holdfast/conformance";
import { openStorage } from "holdfast";
import { drivers } from "./dist/drivers.js";

const N = 20000,
  R = +(process.argv[3] ?? 15),
  C = 500;
const CREATE = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)",
  INSERT = "INSERT INTO t VALUES (?, ?)",
  SELECT = "SELECT v FROM t WHERE id = ?";
let id = 0;
const md = (a) => [...a].sort((x, y) => x - y)[a.length >> 1];
const now = () => performance.now();
for (const d of drivers()) {
  if (process.argv[2] && d.name !== process.argv[2]) continue;
  const t = { hi: [], bi: [], hs: [], bs: [], ri: [], rs: [] };
  for (let r = 0; r < R; r++) {
    const o = await openStorage({ id: `q${id++}`, driver: d });
    const { sql } = o.storage;
    sql.exec(CREATE);
    await o.storage.sync();
    const { database } = await openDatabase(d);
    database.exec(CREATE);
    let st = database.prepare(INSERT).statement;
    let h = 0,
      b = 0,
      s;
    s = now();
    database.exec("BEGIN");
    b += now() - s;
    for (let k = 0; k < N; k += C) {
      s = now();
      for (let i = k; i < k + C; i++) sql.exec(INSERT, i, `value ${i}`);
      h += now() - s;
      s = now();
      for (let i = k; i < k + C; i++) {
        st.bind([i, `value ${i}`]);
        st.step();
        st.reset();
      }
      b += now() - s;
    }
    s = now();
    await o.storage.sync();
    h += now() - s;
    s = now();
    database.exec("COMMIT");
    b += now() - s;
    t.hi.push(h);
    t.bi.push(b);
    t.ri.push(h / b);
    st = database.prepare(SELECT).statement;
    h = b = 0;
    for (let k = 0; k < N; k += C) {
      s = now();
      for (let i = k; i < k + C; i++) sql.exec(SELECT, i).one();
      h += now() - s;
      s = now();
      for (let i = k; i < k + C; i++) {
        st.bind([i]);
        st.step();
        st.row();
        st.reset();
      }
      b += now() - s;
    }
    t.hs.push(h);
    t.bs.push(b);
    t.rs.push(h / b);
    await o.close();
    database.close();
  }
  const f = (a) => `${Math.min(...a).toFixed(1)}/${md(a).toFixed(1)}`;
  console.log(d.name, "ins", f(t.hi), f(t.bi), md(t.ri).toFixed(2), "sel", f(t.hs), f(t.bs), md(t.rs).toFixed(2));
}
