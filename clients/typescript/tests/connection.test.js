import { deepEqual, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { BlobSink, FiapX } from "../dist/index.js";

/** What stands where the service should, and how it answers next. */
let answer;
const server = createServer((_, response) => answer(response)).listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());
const fiapx = new FiapX({ url: `http://127.0.0.1:${server.address().port}`, key: "fx_any" });

test("an answer that breaks off is a line that broke, and no answer without sense", async () => {
  answer = (response) => {
    response.writeHead(200, { "Content-Length": 100 }).write('{"data": ');
    setImmediate(() => response.destroy());
  };
  await rejects(fiapx.video("1"), { name: "Refused", code: "NETWORK" });
});

test("what stands before the service is understood by its status, and heard when it says when to come back", async () => {
  const codes = [];
  for (const status of [502, 503, 429, 404, 200]) {
    answer = (response) => response.writeHead(status, { "Retry-After": "7" }).end("<h1>nginx</h1>");
    await fiapx.video("1").catch(({ code, retryAfterSeconds }) => codes.push([code, retryAfterSeconds]));
  }
  deepEqual(codes, [["SERVICE_BUSY", 7], ["SERVICE_BUSY", 7], ["RATE_LIMITED", 7], ["INTERNAL", 7], ["INTERNAL", 7]]);
});

test("a download goes on past an error that breaks off, and past a service that is busy", async () => {
  const answers = [
    (response) => response.writeHead(503, { "Content-Length": 100 }).write("<h1>", () => response.destroy()),
    (response) => response.writeHead(503, { "Retry-After": "0" }).end(),
    (response) => response.writeHead(200, { "Content-Length": 4 }).end("PK34"),
  ];
  answer = (response) => answers.shift()(response);
  const told = [];
  const zip = await fiapx.download("1", new BlobSink(), { onChange: ({ phase, problem }) => told.push(problem?.code ?? phase) });
  deepEqual([await zip.text(), told], ["PK34", ["NETWORK", "SERVICE_BUSY", "receiving", "checking"]]);
});
