import { ApiError, messageOf } from './api/client';

/** Refusal is what is wrong with a form: a sentence, and the field that it is about. */
export interface Refusal {
  message: string;
  param: string;
}

export const fine: Refusal = { message: '', param: '' };

/** refusalOf says what an error of a call means for the form that made it. */
export function refusalOf(error: unknown): Refusal {
  return { message: messageOf(error), param: error instanceof ApiError ? error.param : '' };
}
