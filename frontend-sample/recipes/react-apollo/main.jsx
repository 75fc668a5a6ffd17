// React 19 with Apollo Client 4: sign in, upload with progress, and a list that is live.

import { gql } from "@apollo/client";
import { ApolloProvider, useMutation, useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { begin, client, linked, socket, VIDEO } from "./client.js";

const SESSION = "... on Session { accessToken refreshToken } ... on Problem { code message }";
const LOGIN = gql`mutation Login($input: LoginInput!) { login(input: $input) { ${SESSION} } }`;
const REGISTER = gql`mutation Register($input: RegisterInput!) { register(input: $input) { ${SESSION} } }`;

function SignIn({ onDone }) {
  const [login] = useMutation(LOGIN);
  const [register] = useMutation(REGISTER);
  const [problem, setProblem] = useState("");

  async function submit(event) {
    event.preventDefault();
    const { name, ...who } = Object.fromEntries(new FormData(event.target));
    const isNew = event.nativeEvent.submitter.value === "register";
    const { data } = await (isNew ? register({ variables: { input: { name, ...who } } }) : login({ variables: { input: who } }));
    const answer = data.register ?? data.login;
    if (!answer.accessToken) return setProblem(answer.message);
    begin(answer);
    onDone();
  }

  return (
    <form onSubmit={submit}>
      <label>Name <input name="name" /></label>
      <label>E-mail <input name="email" type="email" required /></label>
      <label>Password <input name="password" type="password" required /></label>
      <button value="login">Sign in</button>
      <button value="register">Register</button>
      <p role="alert">{problem}</p>
    </form>
  );
}

const UPLOAD = gql`
  mutation Upload($file: Upload!, $key: String) { uploadVideo(file: $file, idempotencyKey: $key) { ...Video ... on Problem { code message } } }
  ${VIDEO}
`;

function Upload({ onDone }) {
  const [upload] = useMutation(UPLOAD);
  const [sent, setSent] = useState(0);
  const [problem, setProblem] = useState("");

  async function send(event) {
    const [file] = event.target.files;
    event.target.value = ""; // The same file may be chosen again.
    const context = { fetchOptions: { onProgress: setSent } };
    // The key stays the same over all tries with one file: a try whose answer got lost makes no second video.
    const { data } = await upload({ variables: { file, key: crypto.randomUUID() }, context });
    setProblem(data.uploadVideo.message ?? "");
    onDone();
  }

  return (
    <p>
      <label>Video <input type="file" onChange={send} /></label> <progress value={sent} /> <span role="alert">{problem}</span>
    </p>
  );
}

const VIDEOS = gql`query Videos { videos(first: 100) { edges { node { ...Video } } } } ${VIDEO}`;
const CHANGES = gql`subscription Changes { videoStatus { ...Video ... on Deleted { id } } } ${VIDEO}`;

function Videos() {
  const { data, refetch } = useQuery(VIDEOS);
  const known = data?.videos.edges.map(({ node }) => node) ?? [];

  // What is watched lands in the cache, and so in the list; a video that is not in the list yet makes it be read again.
  useEffect(() => {
    let watching, timer;
    const watch = () => (watching = client.subscribe({ query: CHANGES }).subscribe({ next: take, complete: again }));
    // graphql-ws takes some close codes (4429, too many sockets) for the end.
    const again = () => (timer = setTimeout(watch, 3000));
    watch();
    // What was missed while there was no connection is in the list.
    const forget = socket.on("connected", () => refetch().catch(() => {}));
    return () => {
      forget();
      clearTimeout(timer);
      watching.unsubscribe();
    };

    function take({ data: event }) {
      const { __typename: kind, id } = event?.videoStatus ?? {};
      const there = client.readQuery({ query: VIDEOS })?.videos.edges.some(({ node }) => node.id === id);
      if ((kind === "VideoProcessing") !== Boolean(there)) refetch();
    }
  }, []);

  return (
    <>
      <Upload onDone={refetch} />
      <ul>
        {known.map(({ id, originalFileName, status, progress, failure, result }) => (
          <li key={id}>
            {originalFileName}: {status} {Math.floor(progress.percent)} % {failure?.reason}{" "}
            {result && <a href={linked(result.downloadUrl)}>Download</a>}
          </li>
        ))}
      </ul>
    </>
  );
}

function App() {
  const [signedIn, setSignedIn] = useState(false);
  return signedIn ? <Videos /> : <SignIn onDone={() => setSignedIn(true)} />;
}

createRoot(document.getElementById("app")).render(
  <ApolloProvider client={client}>
    <App />
  </ApolloProvider>,
);
