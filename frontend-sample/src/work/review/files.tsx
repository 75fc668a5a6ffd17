// Which files are to be sent, where there are several.

import { useWords } from "../../ui/page.ts";
import { pictureCount } from "./checked.ts";
import { countText } from "./sum.tsx";
import { type Item, markedOf, type Review } from "./review.ts";
import { useReviewTexts } from "./texts.ts";

interface FilesProps {
  review: Review;
  isWrong: (item: Item) => boolean;
  onLook: (key: string) => void;
  onRemove: (key: string) => void;
}

export function Files({ review, isWrong, onLook, onRemove }: FilesProps) {
  const words = useWords();
  const texts = useReviewTexts();
  const { t, duration, size } = words;
  return (
    <ul class="files" aria-label={texts.files}>
      {review.items.map((item) => {
        const { key, file, film, own } = item;
        const facts = [film && duration(film.duration), size(file.size), film !== undefined && !isWrong(item) && countText(pictureCount(markedOf(review, item), film), words)];
        return (
          <li key={key} aria-current={key === review.at}>
            <button type="button" class="plain" onClick={() => onLook(key)}>
              <strong>{file.name}</strong>
              <small class="hint">{facts.filter(Boolean).join(" · ")}</small>
              {own && <small class="tag">{texts.ownOptions}</small>}
              {isWrong(item) && <small class="problem">{texts.wrongHere}</small>}
            </button>
            <button type="button" class="icon" aria-label={t.actionOn(texts.leaveOut, file.name)} onClick={() => onRemove(key)}>×</button>
          </li>
        );
      })}
    </ul>
  );
}
