import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { largestFile } from "../api/limits.ts";
import { failedUploads, underWay } from "../state/views.ts";
import { keepFocus } from "../ui/focus.ts";
import { usePage, useStore, useWords } from "../ui/page.ts";
import { DropCard } from "../work/drop.tsx";
import { type Chosen, DEFAULTS, optionsOf } from "../work/options.ts";
import { OptionsFields } from "../work/options-fields.tsx";
import { Row } from "../work/row.tsx";
import { Unverified } from "./verify-email.tsx";

/** The list is read at first, after each reconnection and after each new session; in between it is watched. */
export function useList(): void {
  const { list, readLimits, uploads, store } = usePage();
  const isExpired = useStore(({ session }) => session.isExpired);
  const connections = useStore(({ connection }) => connection.count);
  useEffect(() => {
    if (!isExpired) void list.read();
    if (!store.state.peek().limits) void readLimits();
  }, [isExpired, connections]);
  useEffect(() => (isExpired ? undefined : list.watch()), [isExpired]);
  const inParts = useStore(({ limits }) => limits?.stagedUploads);
  useEffect(() => {
    if (inParts) void uploads.recall();
  }, [inParts]);
  // The next user's page has nothing of this one's.
  useEffect(
    () => () => {
      uploads.dismissAll();
      list.forget();
    },
    [],
  );
}

/** The one page of work: what comes in, and the list of all that came. */
export function Work() {
  const { t, size } = useWords();
  const { uploads } = usePage();
  const limits = useStore((state) => state.limits);
  const chosen = useSignal<Chosen>(DEFAULTS);
  const options = useRef<HTMLFormElement>(null);
  const fold = useRef<HTMLDetailsElement>(null);

  /** Why a file need not be sent at all. */
  function refusal({ name, size: bytes }: File): Problem | null {
    const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    if (limits && !limits.acceptedExtensions.includes(ending)) return { code: "UNSUPPORTED_FILE_FORMAT" };
    if (limits && bytes > largestFile(limits)) return { code: "FILE_TOO_LARGE" };
    return null;
  }

  function take(files: File[]): void {
    if (files.length === 0) return;
    if (options.current!.checkValidity()) return uploads.add(files, optionsOf(chosen.value), refusal);
    fold.current!.open = true;
    options.current!.reportValidity();
  }

  const { kind, value, format } = chosen.value;
  return (
    <>
      <Unverified />
      <DropCard
        kinds={limits?.acceptedExtensions ?? []}
        hint={limits ? t.limits(size(largestFile(limits)), limits.acceptedExtensions.join(", ")) : ""}
        onFiles={take}
      />
      <form ref={options} onSubmit={(event) => event.preventDefault()}>
        <details class="card" ref={fold}>
          <summary>{t.optionsNow(`${t.selected[kind](value)}, ${format}`)}</summary>
          <p class="hint">{t.optionsHint}</p>
          <OptionsFields chosen={chosen} />
        </details>
      </form>
      <MyVideos />
    </>
  );
}

function MyVideos() {
  const { t, sentence } = useWords();
  const { list, shownKeys } = usePage();
  const reading = useStore((state) => state.list.reading);
  const hasOlder = useStore((state) => state.list.hasOlder);
  const heading = useRef<HTMLHeadingElement>(null);
  const lines = useRef<HTMLUListElement>(null);
  useEffect(() => keepFocus(lines.current!, () => heading.current), []);
  const keys = shownKeys.value;

  return (
    <section aria-labelledby="list-title">
      <div class="list-head">
        <h1 id="list-title" ref={heading} tabIndex={-1}>{t.myVideos}</h1>
        <ListButtons />
      </div>
      {typeof reading === "object" && (
        <p role="alert" class="problem">
          {t.listFailed} {sentence(reading)}{" "}
          <button type="button" onClick={list.read}>{t.retry}</button>
        </p>
      )}
      <ul class="rows" ref={lines}>
        {keys.map((key) => (
          <Row key={key} of={key} />
        ))}
      </ul>
      {keys.length === 0 && <p class="hint">{reading === "first" ? t.loading : t.empty}</p>}
      {hasOlder && (
        <button type="button" class="older" onClick={list.readOlder}>{t.older}</button>
      )}
    </section>
  );
}

function ListButtons() {
  const { t } = useWords();
  const { allowNotifications, uploads } = usePage();
  const mayNotify = useStore(({ notifications, list }) => notifications === "default" && underWay(list) !== null);
  const failed = useStore(({ list }) => failedUploads(list).length);
  return (
    <>
      {mayNotify && (
        <button type="button" onClick={allowNotifications}>{t.notify}</button>
      )}
      {failed > 1 && (
        <button type="button" onClick={uploads.retryAll}>{t.retryAll(failed)}</button>
      )}
    </>
  );
}
