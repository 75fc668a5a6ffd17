import { App } from "./app.tsx";
import { start } from "./ui/start.tsx";

start(App);
