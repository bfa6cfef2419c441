// A log's reader with its events in the shapes of the schema. No generator: `return()` has to reach the reader at once,
// also while `next()` waits, for that is how a client's leaving stops the work.

export function mapEvents<Event, Shape>(
  reader: AsyncIterableIterator<Event, undefined>,
  toShape: (event: Event) => Shape,
): AsyncIterableIterator<Shape, undefined> {
  const map = (result: IteratorResult<Event, undefined>): IteratorResult<Shape, undefined> =>
    result.done ? result : { done: false, value: toShape(result.value) };
  const leave = async (): Promise<IteratorResult<Shape, undefined>> => {
    await reader.return?.();
    return { done: true, value: undefined };
  };
  return {
    next: () => reader.next().then(map),
    return: leave,
    async throw(error) {
      await leave();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
