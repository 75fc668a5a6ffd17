// Where a picture is in the document, while it is drawn.

export const cellAt = (within: ParentNode, place: number): HTMLElement | null =>
  within.querySelector<HTMLElement>(`[data-place="${place}"]`);
