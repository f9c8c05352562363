import type { Complexity } from '../../lib/api/types.gen';

/** What the form of the complexity settings holds: boundaries, and keywords one to a line. */
export interface ComplexityForm {
  boundaries: Record<keyof Complexity['tier_boundaries'], number | undefined>;
  keywords: Record<keyof Complexity['keywords'], string>;
}

/** complexityForm begins a form with the settings. */
export function complexityForm({ tier_boundaries, keywords }: Complexity): ComplexityForm {
  const text = (list: string[]) => list.join('\n');
  return {
    boundaries: { ...tier_boundaries },
    keywords: {
      code_keywords: text(keywords.code_keywords),
      reasoning_keywords: text(keywords.reasoning_keywords),
      technical_keywords: text(keywords.technical_keywords),
      simple_keywords: text(keywords.simple_keywords),
    },
  };
}

/** complexityDraft is what a form says to the API. An empty boundary is none, which the API refuses by its name. */
export function complexityDraft({ boundaries, keywords }: ComplexityForm): Complexity {
  const list = (text: string) => text.split('\n').map((k) => k.trim()).filter(Boolean);
  return {
    tier_boundaries: {
      simple_medium: boundaries.simple_medium ?? 0,
      medium_complex: boundaries.medium_complex ?? 0,
      complex_reasoning: boundaries.complex_reasoning ?? 0,
    },
    keywords: {
      code_keywords: list(keywords.code_keywords),
      reasoning_keywords: list(keywords.reasoning_keywords),
      technical_keywords: list(keywords.technical_keywords),
      simple_keywords: list(keywords.simple_keywords),
    },
  };
}

/** boundaries are the scores from which a request is of the next tier, in their order. */
export const boundaries: [field: keyof Complexity['tier_boundaries'], words: string][] = [
  ['simple_medium', 'MEDIUM from'],
  ['medium_complex', 'COMPLEX from'],
  ['complex_reasoning', 'REASONING from'],
];

/** lists are the keywords by what they say of a question. */
export const lists: [field: keyof Complexity['keywords'], words: string, help: string][] = [
  ['code_keywords', 'Code', 'Raise the score most.'],
  ['reasoning_keywords', 'Reasoning', 'Two of them make a question REASONING; one does beside much code or technology.'],
  ['technical_keywords', 'Technical', 'Raise the score.'],
  ['simple_keywords', 'Simple', 'Lower the score of short questions.'],
];
