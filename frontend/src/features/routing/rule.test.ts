import { expect, test } from 'vitest';
import type { Rule } from '../../lib/api/types.gen';
import { caret, headerMap, newTarget, ruleDraft, ruleForm, targetWords } from './rule';

test('weights of a form are percent, and parts of a whole for the API', () => {
  const form = ruleForm();
  form.name = ' fast ';
  form.targets = [
    { provider: 'fast', model: ' small ', key: 'k', weight: 30 },
    newTarget(90),
  ];
  expect(ruleDraft(form)).toMatchObject({ name: 'fast', targets: [{ provider: 'fast', model: 'small', key_id: 'k', weight: 0.25 }, { weight: 0.75 }], scope: 'global', scope_id: '' });
});

test('what is read is written back', () => {
  const rule = { id: 'r', name: 'n', description: 'd', enabled: false, chain_rule: true, cel_expression: 'model == "x"', targets: [{ provider: 'a', key_id: 'k', weight: 1 }], fallbacks: ['b/'], scope: 'team', scope_id: 't', priority: 3 } as unknown as Rule;
  expect(ruleDraft(ruleForm(rule))).toEqual({ name: 'n', description: 'd', enabled: false, chain_rule: true, cel_expression: 'model == "x"', targets: [{ provider: 'a', key_id: 'k', weight: 1 }], fallbacks: ['b/'], scope: 'team', scope_id: 't', priority: 3 });
});

test('targets are said in words', () => {
  expect(targetWords([{ provider: 'cloud', model: 'large', weight: 1 }])).toBe('cloud/large');
  expect(targetWords([{ provider: 'cloud', weight: 0.8 }, { model: 'x', weight: 0.2 }])).toBe('cloud, same model 80% · x, same provider 20%');
});

test('an error stands below its column', () => {
  expect(caret('a &&\nmodl == 1', 2, 1)).toEqual({ line: 'modl == 1', mark: '^' });
  expect(caret('a', 5, 3)).toEqual({ line: '', mark: '  ^' });
});

test('headers are read line by line', () => {
  expect(headerMap(['x-tier: gold', 'x-flag', ' : ', 'a:b:c'])).toEqual({ 'x-tier': 'gold', 'x-flag': '', a: 'b:c' });
});
