// A session, as the service grants it.

import { graphql, type ResultOf } from "./graphql.ts";

export const sessionFields = graphql(
  `fragment SessionFields on Session { accessToken expiresAt refreshToken user { id name email emailVerified } }`,
);

export type Granted = ResultOf<typeof sessionFields>;
export type User = Granted["user"];

/** What is kept of a session beyond the page. An empty token: the session of this user is over, and they have not signed out. */
export type Kept = Pick<Granted, "refreshToken" | "user">;
