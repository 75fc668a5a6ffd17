// What is asked of the list: words of the name, states, days, and the order.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Counts } from "../api/video.ts";
import { choose } from "../state/choice.ts";
import { type Sort, SORTS, type Status, STATUSES } from "../state/view.ts";
import { usePage, useStore, useWords } from "../ui/page.ts";

const COUNTED: Readonly<Record<Status, keyof Counts>> = { PENDING: "pending", PROCESSING: "processing", COMPLETED: "completed", FAILED: "failed" };

export function Filters() {
  const { t } = useWords();
  const { looking } = usePage();
  const search = useStore(({ list }) => list.view.search);
  const sort = useStore(({ list }) => list.view.sort);
  return (
    <form class="filters" role="search" aria-label={t.list.search} onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        id="search"
        maxLength={255}
        value={search}
        placeholder={t.list.search}
        aria-label={t.list.search}
        onInput={({ currentTarget }) => looking.look({ search: currentTarget.value })}
      />
      <select
        aria-label={t.list.sort}
        value={sort}
        onChange={({ currentTarget }) => looking.look({ sort: currentTarget.value as Sort })}
      >
        {Object.keys(SORTS).map((name) => (
          <option key={name} value={name}>{t.list.sorts[name as Sort]}</option>
        ))}
      </select>
      <Days />
      <div class="narrow">
        <ChooseAll />
        <States />
      </div>
    </form>
  );
}

function States() {
  const { t, number } = useWords();
  const { looking } = usePage();
  const statuses = useStore(({ list }) => list.view.statuses);
  const counts = useStore(({ list }) => list.counts);
  const toggle = (status: Status): void =>
    looking.look({ statuses: STATUSES.filter((one) => statuses.includes(one) !== (one === status)) });
  const count = (of: keyof Counts) => counts && <span class="numbers">{number(counts[of])}</span>;
  return (
    <div class="chips" role="group" aria-label={t.list.states}>
      <button type="button" class="chip" aria-pressed={statuses.length === 0} onClick={() => looking.look({ statuses: [] })}>
        {t.list.all} {count("total")}
      </button>
      {STATUSES.map((status) => (
        <button
          key={status}
          type="button"
          class="chip"
          data-state={status}
          aria-pressed={statuses.includes(status)}
          onClick={() => toggle(status)}
        >
          <span class="dot" />
          {t.status[status]} {count(COUNTED[status])}
        </button>
      ))}
    </div>
  );
}

function Days() {
  const { t } = useWords();
  const { looking } = usePage();
  const from = useStore(({ list }) => list.view.from);
  const to = useStore(({ list }) => list.view.to);
  const isOpen = useSignal(from !== "" || to !== "");
  return (
    <>
      <button type="button" aria-expanded={isOpen.value} aria-controls="days" onClick={() => (isOpen.value = !isOpen.value)}>
        {t.list.dates}
      </button>
      <div class="beside" id="days" hidden={!isOpen.value}>
        <label class="field">
          {t.list.from}
          <input type="date" value={from} max={to || undefined} onChange={({ currentTarget }) => looking.look({ from: currentTarget.value })} />
        </label>
        <label class="field">
          {t.list.to}
          <input type="date" value={to} min={from || undefined} onChange={({ currentTarget }) => looking.look({ to: currentTarget.value })} />
        </label>
      </div>
    </>
  );
}

/** Chooses all lines that are shown, or none. */
function ChooseAll() {
  const { t } = useWords();
  const { store, lines, entries } = usePage();
  const chosen = useStore(({ list }) => list.chosen);
  const box = useRef<HTMLInputElement>(null);
  const keys = lines.value.map(({ key }) => key).filter((key) => entries.peek().get(key)?.video);
  const some = keys.some((key) => chosen.has(key));
  const every = some && keys.every((key) => chosen.has(key));
  useEffect(() => {
    if (box.current) box.current.indeterminate = some && !every;
  });
  return (
    <input
      ref={box}
      type="checkbox"
      class="choose"
      aria-label={every ? t.list.chooseNone : t.list.chooseAll}
      checked={every}
      onClick={() => store.part("list").change(choose, every ? [] : keys)}
    />
  );
}
