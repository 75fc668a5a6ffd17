// Sends a film, and says what became of it; of each part when it begins and when the storage has it.

import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { FiapX, put } from "fiapx-client";

const [url, token, film] = process.argv.slice(2);
const say = (step) => process.stdout.write(`${JSON.stringify(step)}\n`);

async function told(part, ...rest) {
  const number = Number(new URL(part).searchParams.get("partNumber"));
  say({ sending: number });
  const answer = await put(part, ...rest);
  if (answer.status === 200) say({ confirmed: number });
  return answer;
}

const { mtimeMs } = await stat(film);
const settings = { name: basename(film), lastModified: mtimeMs, parallel: 2, put: told };
const { done } = new FiapX({ url, token }).upload(await openAsBlob(film), settings);
say(await done.catch(({ code, message }) => ({ code, message })));
