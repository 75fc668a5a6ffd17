import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { browserOf } from "../src/account/agent.ts";
import { TEXTS } from "../src/account/texts.ts";

const KNOWN: Readonly<Record<string, string>> = {
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox, Linux",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0": "Edge, Windows",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15": "Safari, macOS",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1": "Chrome, iPhone",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet, Android",
  "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36": "Chrome, ChromeOS",
};

test("a browser is told by the name that people know, and a program by its own", () => {
  for (const [agent, name] of Object.entries(KNOWN)) deepEqual(Object.values(browserOf(agent)!).join(", "), name);
  for (const agent of ["python-httpx/0.28.1", "Phone/1.0", "curl/8.5.0", ""]) deepEqual(browserOf(agent), undefined);
});

/** What the service says of deliveries, as app/usecases and app/infra write it. */
const SAID: Readonly<Record<string, string>> = {
  "HTTP 204 No Content": "HTTP 204 No Content",
  "HTTP 301 Moved Permanently (redirects are not followed)": "HTTP 301 Moved Permanently (não seguimos redirecionamentos)",
  "The receiver took longer than 10 seconds.": "O destino levou mais de 10 segundos.",
  "The webhook was removed before this was delivered.": "O webhook foi removido antes do envio.",
  "In a digest: 250 OK": "Em um resumo: 250 OK",
};

test("how a delivery went is said in the page's language, and a receiver's own words stay as they are", () => {
  for (const [said, inPortuguese] of Object.entries(SAID)) {
    deepEqual(TEXTS["pt-BR"].answer(said), inPortuguese);
    deepEqual(TEXTS.en.answer(said), said);
  }
});
