// Before anything is sent: look at the films, mark what is wanted of them, choose how, and know what will come of it.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { usePage, useStore } from "../../ui/page.ts";
import { Dialog, useOnce } from "../../ui/controls.tsx";
import type { Chosen } from "../options.ts";
import { OptionsFields } from "../options-fields.tsx";
import { asked, type Wrongs, wrongs } from "./checked.ts";
import { Files } from "./files.tsx";
import { look } from "./look.ts";
import { Player } from "./player.tsx";
import { Presets } from "./presets.tsx";
import * as reviews from "./review.ts";
import type { Item, Review } from "./review.ts";
import { refusedFields } from "./refused.ts";
import { Sum } from "./sum.tsx";
import { useReviewTexts } from "./texts.ts";

/** Of so many files the pictures are looked at too; more would keep the machine busy. */
const CLOSELY = 12;

/** A file to be reviewed, by a name of its own. */
export interface Candidate {
  readonly key: string;
  readonly file: File;
}

export interface ReviewProps {
  /** More may join while it is open; each is there once. */
  candidates: readonly Candidate[];
  chosen: Chosen;
  /** Send files, in their order, with what was chosen for each; `usual` is what the next ones begin with. */
  onStart: (items: readonly { file: File; options: ReturnType<typeof asked> }[], usual: Chosen) => void;
  onClose: () => void;
}

export function ReviewDialog({ candidates, chosen, onStart, onClose }: ReviewProps) {
  const texts = useReviewTexts();
  const { ask } = usePage();
  const limits = useStore((state) => state.limits);
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const review = useSignal<Review>(reviews.begun(candidates, chosen));
  const refused = useSignal<{ marked: reviews.Marked; wrongs: Wrongs } | null>(null);
  const change = <What extends unknown[]>(update: (review: Review, ...what: What) => Review, ...what: What): void =>
    void (review.value = update(review.peek(), ...what));
  useCandidates(candidates, review);
  useLooking(review);

  const item = reviews.current(review.value);
  const marked = reviews.markedOf(review.value, item);
  const wrongOf = (one: Item): Wrongs => wrongs(reviews.markedOf(review.value, one), one.film ?? null, limits);
  const wrong = { ...wrongOf(item), ...(refused.value?.marked === marked ? refused.value.wrongs : {}) };
  const isWrong = (one: Item): boolean => Object.keys(wrongOf(one)).length > 0;
  const isOne = review.value.items.length === 1;

  const [start, busy] = useOnce(async () => {
    const { items } = review.value;
    const first = isWrong(item) ? item : items.find(isWrong);
    if (first) return showWrong(first);
    const sent = items.map((one) => ({ one, file: one.file, options: asked(reviews.markedOf(review.value, one), one.film ?? null) }));
    const found = await refusedFields(ask, sent);
    if (!found) {
      onStart(sent, reviews.usual(review.value));
      return dialog.current!.close();
    }
    refused.value = { marked: reviews.markedOf(review.value, found.of.one), wrongs: found.wrongs };
    showWrong(found.of.one);
  });

  function showWrong({ key }: Item): void {
    change(reviews.lookedAt, key);
    // Once the form shows it.
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  }

  function remove(key: string): void {
    const rest = reviews.without(review.value, key);
    if (rest) review.value = rest;
    else dialog.current!.close();
  }

  return (
    <Dialog dialog={dialog} class="review" id="review-title" title={isOne ? item.file.name : texts.title(review.value.items.length)} onClose={onClose}>
      <div class="reviewed">
        {!isOne && <Files review={review.value} isWrong={isWrong} onLook={(key) => change(reviews.lookedAt, key)} onRemove={remove} />}
        <Player
          key={item.key}
          file={item.file}
          film={item.film}
          marked={marked}
          onPart={(part) => change(reviews.parted, part)}
          onMarks={(instants) => change(reviews.marked, instants)}
        />
        <form ref={form} id="review" noValidate onSubmit={(event) => (event.preventDefault(), void start())}>
          <h3>{texts.options}</h3>
          {!isOne && <Scope item={item} count={review.value.items.length} onOwn={(isOwn) => change(reviews.owned, isOwn)} />}
          <Presets chosen={marked.chosen} isWrong={isWrong(item)} onChosen={(next) => change(reviews.chose, next)} />
          <OptionsFields
            chosen={{
              get value() {
                return marked.chosen;
              },
              set value(next: Chosen) {
                change(reviews.chose, next);
              },
            }}
            wrongs={wrong}
          />
        </form>
      </div>
      <footer>
        <Sum review={review.value} isWrong={isWrong} />
        <button class="primary" form="review" autofocus aria-disabled={busy}>{texts.start(review.value.items.length)}</button>
      </footer>
    </Dialog>
  );
}

/** Files that are added while it is open join. */
function useCandidates(candidates: readonly Candidate[], review: { value: Review; peek: () => Review }): void {
  const known = useRef(candidates);
  useEffect(() => {
    const more = candidates.filter((one) => !known.current.includes(one));
    known.current = candidates;
    if (more.length > 0) review.value = reviews.joined(review.peek(), more);
  }, [candidates]);
}

/** Look at the films one after the other, the one that is shown before the rest. */
function useLooking(review: { value: Review; peek: () => Review }): void {
  const { items, at } = review.value;
  const isOver = useRef(false);
  const isLooking = useRef(false);
  useEffect(() => () => void (isOver.current = true), []);
  useEffect(() => void next(), [items.length, at]);

  async function next(): Promise<void> {
    if (isLooking.current) return;
    isLooking.current = true;
    for (let one = unseen(review.peek()); one && !isOver.current; one = unseen(review.peek())) {
      const film = await look(one.file, review.peek().items.length <= CLOSELY).catch(() => null);
      if (!isOver.current) review.value = reviews.found(review.peek(), one.key, film);
    }
    isLooking.current = false;
  }
}

function unseen(review: Review): Item | undefined {
  const shown = reviews.current(review);
  return shown.film === undefined ? shown : review.items.find(({ film }) => film === undefined);
}

/** Whether what stands in the form is for all files or for this one. */
function Scope({ item, count, onOwn }: { item: Item; count: number; onOwn: (isOwn: boolean) => void }) {
  const texts = useReviewTexts();
  const choices = [[false, texts.forAll(count)], [true, texts.forOne(item.file.name)]] as const;
  return (
    <fieldset class="scope">
      <legend class="unseen">{texts.scope}</legend>
      {choices.map(([isOwn, label]) => (
        <label key={label} class="choice">
          <input type="radio" name="scope" checked={(item.own !== null) === isOwn} onChange={() => onOwn(isOwn)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
