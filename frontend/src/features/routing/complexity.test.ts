import { expect, test } from 'vitest';
import { complexityDraft, complexityForm } from './complexity';

const settings = {
  tier_boundaries: { simple_medium: 0.1, medium_complex: 0.2, complex_reasoning: 0.3 },
  keywords: { code_keywords: ['c++', 'unit test'], reasoning_keywords: ['prove'], technical_keywords: ['kernel'], simple_keywords: ['hi'] },
};

test('what is read is written back', () => {
  expect(complexityDraft(complexityForm(settings))).toEqual(settings);
});

test('keywords stand one to a line, and an empty boundary is none', () => {
  const form = complexityForm(settings);
  expect(form.keywords.code_keywords).toBe('c++\nunit test');
  form.keywords.simple_keywords = ' hallo \n\n guten Tag\n';
  form.boundaries.simple_medium = undefined;
  expect(complexityDraft(form)).toMatchObject({ tier_boundaries: { simple_medium: 0 }, keywords: { simple_keywords: ['hallo', 'guten Tag'] } });
});
