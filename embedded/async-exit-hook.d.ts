declare module 'async-exit-hook' {
  const hook: {
    hookedEvents(): string[];
    unhookEvent(event: string): void;
  };
  export default hook;
}
