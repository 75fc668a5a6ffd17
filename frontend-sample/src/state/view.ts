// What is asked of the list: which videos, in which order. All of it stands in the address.

import type { Video } from "../api/video.ts";

/** Each with its name in the API. */
export const SORTS = { newest: "NEWEST", oldest: "OLDEST", name: "NAME", largest: "LARGEST", longest: "LONGEST" } as const;
export type Sort = keyof typeof SORTS;
export type Status = Video["status"];
export const STATUSES: readonly Status[] = ["PENDING", "PROCESSING", "COMPLETED", "FAILED"];

export interface View {
  /** Words, as they are typed. */
  readonly search: string;
  /** None for all of them. */
  readonly statuses: readonly Status[];
  readonly sort: Sort;
  /** Days as a date field has them, each of them included; empty for no bound. */
  readonly from: string;
  readonly to: string;
}

export const ALL: View = { search: "", statuses: [], sort: "newest", from: "", to: "" };

/** How long a search may be, and of how many words, for the service. */
const SEARCH_MAX = 255;
const MOST_WORDS = 10;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What an address asks for; what makes no sense in it is left out. */
export function viewIn(query: string): View {
  const said = new URLSearchParams(query);
  const wanted = (said.get("status") ?? "").toUpperCase().split(",");
  const sort = said.get("sort") ?? "";
  const day = (name: string): string => {
    const text = said.get(name) ?? "";
    return DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : "";
  };
  return {
    search: (said.get("q") ?? "").slice(0, SEARCH_MAX),
    statuses: STATUSES.filter((status) => wanted.includes(status)),
    sort: Object.hasOwn(SORTS, sort) ? (sort as Sort) : "newest",
    from: day("from"),
    to: day("to"),
  };
}

/** The same as an address says it: empty where nothing is asked for, else with its question mark. */
export function queryOf({ search, statuses, sort, from, to }: View): string {
  const said = { q: search.trim(), status: statuses.join(",").toLowerCase(), sort: sort === "newest" ? "" : sort, from, to };
  const query = new URLSearchParams(Object.entries(said).filter(([, value]) => value)).toString();
  return query && `?${query.replaceAll("%2C", ",")}`;
}

/** The same as the API takes it. */
export function askedOf({ search, statuses, sort, from, to }: View) {
  return {
    search: wordsOf(search).join(" ") || null,
    status: statuses.length > 0 ? [...statuses] : null,
    createdFrom: from ? beginOf(from, 0).toISOString() : null,
    createdTo: to ? beginOf(to, 1).toISOString() : null,
    orderBy: SORTS[sort],
  };
}

export const isNarrowed = ({ search, statuses, from, to }: View): boolean =>
  search.trim() !== "" || statuses.length > 0 || from !== "" || to !== "";

/** When the day begins that lies so many days after this one, where this page is read. */
export function beginOf(day: string, later: number): Date {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  return new Date(year, month - 1, date + later);
}

/** A name as it is searched and sorted: in small letters, without accents. The service does the same (`app/domain/search.py`). */
export function folded(text: string): string {
  const small = text.normalize("NFKD").toUpperCase().toLowerCase().replaceAll("ς", "σ");
  return small.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").split(/\s+/).filter(Boolean).join(" ");
}

export const wordsOf = (search: string): string[] => [...new Set(folded(search).split(" ").filter(Boolean))].slice(0, MOST_WORDS);
