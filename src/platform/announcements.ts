// What nodes tell each other: that there is something new. Nothing may depend on it being heard.

export interface Announcements {
  /** Tells all nodes, this one too. Never throws and never waits; whoever is not reached does not hear of it. */
  publish(channel: string, message: string): void;
  /** `undefined` to the listener: messages may have been missed. */
  subscribe(channel: string, listener: (message: string | undefined) => void): void;
  close(): void;
}
