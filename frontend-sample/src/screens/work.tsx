import { useSignal, useSignalEffect } from "@preact/signals";
import { useQuery } from "@urql/preact";
import { useEffect, useRef } from "preact/hooks";
import { graphql, type Problem } from "../api/graphql.ts";
import { connections } from "../api/live.ts";
import * as session from "../api/session.ts";
import { Unverified } from "./verify-email.tsx";
import { keepFocus } from "../ui/focus.ts";
import { sentence, size, texts } from "../ui/language.ts";
import { allowNotifications, notifications, tellAdded } from "../ui/tell.ts";
import { DropCard } from "../work/drop.tsx";
import { failedUploads, forget, hasOlder, isBusy, read, reading, readOlder, shown, underWay, watch } from "../work/list.ts";
import { type Chosen, DEFAULTS, OptionsFields, optionsOf, summary } from "../work/options.tsx";
import { Row } from "../work/row.tsx";
import { add, cancelAll, retryAll } from "../work/uploads.ts";

const Limits = graphql(`
  query Limits {
    serviceLimits {
      acceptedExtensions
      maxInlineUploadBytes
    }
  }
`);

/** The next user's page has nothing of this one's. */
function leave(): void {
  cancelAll();
  forget();
  document.title = "FIAP X";
}

/** The one page of work: what comes in, and the list of all that came. */
export function Work() {
  const t = texts.value;
  const chosen = useSignal<Chosen>(DEFAULTS);
  const options = useRef<HTMLFormElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const fold = useRef<HTMLDetailsElement>(null);
  const [{ data }, readLimits] = useQuery({ query: Limits });
  const limits = data?.serviceLimits;

  // The list is read at first, after each reconnection and after each new session; in between it is watched.
  const lapsed = session.lapsed.value;
  const opened = connections.value;
  useEffect(() => {
    if (!lapsed) void read();
    if (opened > 0 && !limits) readLimits({ requestPolicy: "network-only" });
  }, [lapsed, opened]);
  useEffect(() => (lapsed ? undefined : watch()), [lapsed]);

  useSignalEffect(() => {
    const now = underWay.value;
    document.title = now ? `${now.percent} % (${now.active}) · FIAP X` : "FIAP X";
  });
  useEffect(() => leave, []);
  useEffect(() => keepFocus(list.current!, () => heading.current), []);

  /** Why a file need not be sent at all. */
  function refusal({ name, size: bytes }: File): Problem | null {
    const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    if (limits && !limits.acceptedExtensions.includes(ending)) return { code: "UNSUPPORTED_FILE_FORMAT" };
    if (limits && bytes > limits.maxInlineUploadBytes) return { code: "FILE_TOO_LARGE" };
    return null;
  }

  function take(files: File[]): void {
    if (files.length === 0) return;
    if (!options.current!.checkValidity()) {
      fold.current!.open = true;
      options.current!.reportValidity();
      return;
    }
    tellAdded(files.length);
    add(files, optionsOf(chosen.value), refusal);
  }

  const state = reading.value;
  return (
    <>
      <Unverified />
      <DropCard
        kinds={limits?.acceptedExtensions ?? []}
        hint={limits ? t.limits(size(limits.maxInlineUploadBytes), limits.acceptedExtensions.join(", ")) : ""}
        onFiles={take}
      />
      <form ref={options} onSubmit={(event) => event.preventDefault()}>
        <details class="card" ref={fold}>
          <summary>{t.optionsNow(summary(chosen.value))}</summary>
          <p class="hint">{t.optionsHint}</p>
          <OptionsFields chosen={chosen} />
        </details>
      </form>
      <section aria-labelledby="list-title">
        <div class="list-head">
          <h1 id="list-title" ref={heading} tabIndex={-1}>
            {t.myVideos}
          </h1>
          {notifications.value === "default" && isBusy.value && (
            <button type="button" onClick={allowNotifications}>
              {t.notify}
            </button>
          )}
          {failedUploads.value.length > 1 && (
            <button type="button" onClick={retryAll}>
              {t.retryAll(failedUploads.value.length)}
            </button>
          )}
        </div>
        {typeof state === "object" && (
          <p role="alert" class="problem">
            {t.listFailed} {sentence(state)}{" "}
            <button type="button" onClick={read}>
              {t.retry}
            </button>
          </p>
        )}
        <ul class="rows" ref={list}>
          {shown.value.map((entry) => (
            <Row key={entry.key} entry={entry} />
          ))}
        </ul>
        {shown.value.length === 0 && <p class="hint">{state === "first" ? t.loading : t.empty}</p>}
        {hasOlder.value && (
          <button type="button" class="older" onClick={readOlder}>
            {t.older}
          </button>
        )}
      </section>
    </>
  );
}
