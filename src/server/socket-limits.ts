// How many sockets, and operations on each, a caller may have.

export interface SocketLimits {
  /** Open sockets of one user. */
  readonly perUser: number;
  readonly perKey: number;
  /** Running operations on one socket. */
  readonly operationsPerUser: number;
  readonly operationsPerKey: number;
}

export const defaultSocketLimits: SocketLimits = {
  perUser: 10,
  perKey: 1_000,
  operationsPerUser: 20,
  operationsPerKey: 5_000,
};
