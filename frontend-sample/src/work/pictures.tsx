// The pictures of a video one by one, out of its ZIP: a dozen at a time, and one of them large.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { graphql, problemFields, type ResultOf } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import type { Words } from "../texts/words.ts";
import { useOnce } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";

const Frames = graphql(
  `query Frames($id: ID!, $first: Int!, $after: String) {
    video(id: $id) {
      __typename
      ... on VideoProcessing {
        result {
          frames(first: $first, after: $after) {
            edges { node { index timeSeconds fileName width height url } }
            pageInfo { hasNextPage endCursor }
          }
        }
      }
      ...ProblemFields
    }
  }`,
  [problemFields],
);

type Page = NonNullable<NonNullable<Extract<ResultOf<typeof Frames>["video"], { __typename: "VideoProcessing" }>["result"]>["frames"]>;
type Picture = Page["edges"][number]["node"];

const DOZEN = 12;
const MOST = 100;
/** Links live for some minutes, so those of a picture that does not come are asked for anew, but not again and again. */
const RENEW_AFTER = 60_000;

/** The button that shows them: until then nothing is asked for. */
export function Pictures({ id, name }: { id: string; name: string }) {
  const { t } = useWords();
  const open = useSignal(false);
  return (
    <section class="pictures" aria-label={t.pictures.of(name)}>
      <button type="button" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
        {open.value ? t.pictures.hide : t.pictures.show}
      </button>
      {open.value && <Shown id={id} />}
    </section>
  );
}

function Shown({ id }: { id: string }) {
  const words = useWords();
  const { ask } = usePage();
  const pictures = useSignal<readonly Picture[]>([]);
  const next = useSignal<string | null>(null);
  const chosen = useSignal(0);
  const isLost = useSignal(false);
  const renewedAt = useRef(-RENEW_AFTER);

  async function read(first: number, after: string | null): Promise<Page | null> {
    const { answer } = await ask(Frames, { id, first, after });
    const page = answer?.result?.frames ?? null;
    isLost.value = !page;
    return page;
  }

  const [more, busy] = useOnce(async () => {
    const page = await read(DOZEN, next.value);
    if (!page) return;
    pictures.value = [...pictures.value, ...page.edges.map(({ node }) => node)];
    next.value = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  });
  useEffect(() => void more(), []);

  async function renew(): Promise<void> {
    if (performance.now() - renewedAt.current < RENEW_AFTER) return;
    renewedAt.current = performance.now();
    const found: Picture[] = [];
    let after: string | null = null;
    while (found.length < pictures.value.length) {
      const page: Page | null = await read(Math.min(MOST, pictures.value.length - found.length), after);
      if (!page?.edges.length) return;
      found.push(...page.edges.map(({ node }) => node));
      after = page.pageInfo.endCursor;
    }
    pictures.value = found;
  }

  const { t } = words;
  const large = pictures.value[chosen.value];
  return (
    <>
      {large && <Large picture={large} words={words} renew={renew} />}
      <fieldset>
        <legend class="unseen">{t.pictures.choose}</legend>
        {pictures.value.map((picture, at) => (
          <label key={picture.index}>
            <input type="radio" name="picture" checked={at === chosen.value} onChange={() => (chosen.value = at)} />
            <img src={linked(picture.url)} alt={titleOf(picture, words)} loading="lazy" decoding="async" onError={renew} />
          </label>
        ))}
      </fieldset>
      {isLost.value && <p role="alert" class="problem">{t.pictures.lost}</p>}
      {(next.value || isLost.value) && (
        <button type="button" aria-disabled={busy} onClick={more}>{isLost.value ? t.retry : t.pictures.more}</button>
      )}
    </>
  );
}

function Large({ picture, words, renew }: { picture: Picture; words: Words; renew: () => unknown }) {
  const { t } = words;
  const { url, fileName, width, height } = picture;
  return (
    <figure>
      <img src={linked(url)} alt="" width={width} height={height} onError={renew} />
      <figcaption>
        <span aria-live="polite">{titleOf(picture, words)}</span> <a href={linked(url)} download={fileName}>{t.pictures.save}</a>
      </figcaption>
    </figure>
  );
}

/** What a picture is called: its place, and its time to the hundredth where that is short. */
function titleOf({ index, timeSeconds }: Picture, { t, number, duration }: Words): string {
  const exactly = { style: "unit", unit: "second", minimumFractionDigits: 2, maximumFractionDigits: 2 } as const;
  return t.pictures.title(number(index), timeSeconds < 60 ? number(timeSeconds, exactly) : duration(timeSeconds));
}
