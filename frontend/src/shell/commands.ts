import type { Component } from 'svelte';
import BoxesIcon from '@lucide/svelte/icons/boxes';
import ChartIcon from '@lucide/svelte/icons/chart-column';
import CirclePauseIcon from '@lucide/svelte/icons/circle-pause';
import CirclePlayIcon from '@lucide/svelte/icons/circle-play';
import CopyIcon from '@lucide/svelte/icons/copy';
import GaugeIcon from '@lucide/svelte/icons/gauge';
import KeyRoundIcon from '@lucide/svelte/icons/key-round';
import KeyboardIcon from '@lucide/svelte/icons/keyboard';
import ListIcon from '@lucide/svelte/icons/list';
import LogOutIcon from '@lucide/svelte/icons/log-out';
import MessagesIcon from '@lucide/svelte/icons/messages-square';
import MonitorIcon from '@lucide/svelte/icons/monitor';
import MoonIcon from '@lucide/svelte/icons/moon';
import PlugIcon from '@lucide/svelte/icons/plug';
import PlusIcon from '@lucide/svelte/icons/plus';
import PowerIcon from '@lucide/svelte/icons/power';
import SettingsIcon from '@lucide/svelte/icons/settings';
import SunIcon from '@lucide/svelte/icons/sun';
import TriangleAlertIcon from '@lucide/svelte/icons/triangle-alert';
import UsersIcon from '@lucide/svelte/icons/users';
import WaypointsIcon from '@lucide/svelte/icons/waypoints';
import { messageOf } from '../lib/api/client';
import { router, type PageName } from '../lib/router.svelte';
import { gatewaySwitch } from '../lib/state/gateway.svelte';
import { killSwitch } from '../lib/state/killswitch.svelte';
import { live } from '../lib/state/live.svelte';
import { api, session } from '../lib/state/session.svelte';
import { theme, type Theme } from '../lib/state/theme.svelte';
import { copy } from '../lib/ui/clipboard';
import { toasts } from '../lib/ui/toasts.svelte';

/** Command is one thing that the palette can do. */
export interface Command {
  title: string;
  group: 'Go to' | 'Do';
  icon: Component<{ class?: string }>;
  keys?: string;
  run(): void;
}

/** pages are the places of the sidebar, in its order. */
export const pages: { page: PageName; title: string; icon: Command['icon']; keys: string }[] = [
  { page: 'overview', title: 'Overview', icon: GaugeIcon, keys: '1' },
  { page: 'logs', title: 'Logs', icon: ListIcon, keys: '2' },
  { page: 'sessions', title: 'Sessions', icon: MessagesIcon, keys: '3' },
  { page: 'metrics', title: 'Metrics', icon: ChartIcon, keys: '4' },
  { page: 'providers', title: 'Providers', icon: PlugIcon, keys: '5' },
  { page: 'models', title: 'Models', icon: BoxesIcon, keys: '6' },
  { page: 'routing', title: 'Routing', icon: WaypointsIcon, keys: '7' },
  { page: 'virtual-keys', title: 'Virtual keys', icon: KeyRoundIcon, keys: '8' },
  { page: 'teams', title: 'Teams', icon: UsersIcon, keys: '9' },
  { page: 'settings', title: 'Settings', icon: SettingsIcon, keys: '0' },
];

/** shortcuts are the keys of the sheet, by where they hold. */
export const shortcuts: { place: string; keys: [string, string][] }[] = [
  {
    place: 'Everywhere',
    keys: [
      ['Ctrl K', 'Search pages and actions'],
      ['1 – 9  0', 'Go to a page'],
      ['?', 'Show these keys'],
    ],
  },
  {
    place: 'Logs',
    keys: [
      ['J  ↓', 'Next request'],
      ['K  ↑', 'Previous request'],
      ['Enter', 'Open the request'],
      ['Esc', 'Close it, then let go of the row'],
      ['Home', 'Newest request, live again'],
      ['/', 'Filter'],
      ['Alt 1 – 9', 'Open a view'],
      ['C', 'Copy the open request as curl'],
      ['R', 'Send the open request again'],
      ['X', 'Mark a request for a comparison'],
      ['D', 'Compare the two marked'],
    ],
  },
];

const themes: [Theme, string, Command['icon']][] = [
  ['system', 'Use the system theme', MonitorIcon],
  ['light', 'Use the light theme', SunIcon],
  ['dark', 'Use the dark theme', MoonIcon],
];

/** commands are what can be done right now. */
export function commands(showKeys: () => void): Command[] {
  const list: Command[] = pages.map((p) => ({ title: p.title, group: 'Go to', icon: p.icon, keys: p.keys, run: () => router.go(p.page) }));
  list.push(
    { title: 'Customers', group: 'Go to', icon: UsersIcon, run: () => router.go('teams', { show: 'customers' }) },
    { title: 'Failed requests', group: 'Go to', icon: TriangleAlertIcon, run: () => router.go('logs', { filter: 'status:error' }) },
    { title: 'Create a virtual key', group: 'Do', icon: PlusIcon, run: () => router.go('virtual-keys', { add: '' }) },
    { title: 'Add a routing rule', group: 'Do', icon: PlusIcon, run: () => router.go('routing', { add: '' }) },
    { title: 'Add a team', group: 'Do', icon: PlusIcon, run: () => router.go('teams', { add: '' }) },
    { title: 'Try out the routing', group: 'Do', icon: WaypointsIcon, run: () => router.go('routing', { tab: 'simulate' }) },
    { title: 'Add a provider', group: 'Do', icon: PlusIcon, run: () => router.go('providers', { add: '' }) },
  );
  const address = live.gateway?.address;
  if (address) list.push({ title: 'Copy the endpoint', group: 'Do', icon: CopyIcon, run: () => void copyAddress(address) });
  if (killSwitch.known) {
    const paused = killSwitch.paused;
    list.push({ title: paused ? 'Resume calls' : 'Pause all calls', group: 'Do', icon: paused ? CirclePlayIcon : CirclePauseIcon, run: () => void killSwitch.flip() });
  }
  if (gatewaySwitch.can) {
    const title = gatewaySwitch.running ? 'Stop the gateway' : 'Start the gateway';
    list.push({ title, group: 'Do', icon: PowerIcon, run: () => void gatewaySwitch.flip() });
  }
  for (const [value, title, icon] of themes) {
    if (value !== theme.current) list.push({ title, group: 'Do', icon, run: () => void chooseTheme(value) });
  }
  list.push({ title: 'Keyboard shortcuts', group: 'Do', icon: KeyboardIcon, keys: '?', run: showKeys });
  if (session.passwordSet) list.push({ title: 'Sign out', group: 'Do', icon: LogOutIcon, run: () => void session.logout() });
  return list;
}

/** matching keeps the commands that have all of the words, those that begin with them first. */
export function matching(list: Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = list.filter((c) => words.every((w) => c.title.toLowerCase().includes(w)));
  const first = (c: Command) => (c.title.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1);
  return words.length ? hits.sort((a, b) => first(a) - first(b)) : hits;
}

async function copyAddress(address: string): Promise<void> {
  if (await copy(address)) toasts.ok(`Copied ${address}`);
}

async function chooseTheme(value: Theme): Promise<void> {
  theme.apply(value);
  try {
    await api.saveConfig({ settings: { theme: value } });
  } catch (error) {
    toasts.bad(messageOf(error));
  }
}
