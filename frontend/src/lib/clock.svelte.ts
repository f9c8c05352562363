import { createSubscriber } from 'svelte/reactivity';

/** A clock ticks only while something on the page reads it. */
class Clock {
  private readonly subscribe: () => void;

  constructor(every: number) {
    this.subscribe = createSubscriber((update) => {
      const timer = setInterval(update, every);
      return () => clearInterval(timer);
    });
  }

  /** now is the time in milliseconds. */
  get now(): number {
    this.subscribe();
    return Date.now();
  }
}

/** fast is for running times, slow for "2 minutes ago". */
export const fast = new Clock(100);
export const slow = new Clock(10_000);
