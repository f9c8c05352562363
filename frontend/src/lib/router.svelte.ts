const pages = ['overview', 'logs', 'sessions', 'metrics', 'providers', 'models', 'routing', 'virtual-keys', 'teams', 'settings'] as const;

export type PageName = (typeof pages)[number];

export interface Route {
  page: PageName;
  params: URLSearchParams;
}

/** parseRoute reads `#/page?name=value`; what it does not know is the overview. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const page = pages.find((p) => p === path) ?? 'overview';
  return { page, params: new URLSearchParams(page === path ? query : '') };
}

/** hrefOf is the address of a page with its view state. */
export function hrefOf(page: PageName, params?: URLSearchParams | Record<string, string>): string {
  const query = new URLSearchParams(params).toString();
  return `#/${page}${query ? `?${query}` : ''}`;
}

class Router {
  private current = $state.raw(parseRoute(location.hash));

  constructor() {
    window.addEventListener('hashchange', () => (this.current = parseRoute(location.hash)));
  }

  get page(): PageName {
    return this.current.page;
  }

  get params(): URLSearchParams {
    return this.current.params;
  }

  go(page: PageName, params?: URLSearchParams | Record<string, string>): void {
    location.hash = hrefOf(page, params);
  }

  /**
   * replace keeps a page's view state in the address without a step in the history. It does nothing where the address is
   * another page's already: somebody is on the way there.
   */
  replace(page: PageName, params: URLSearchParams): void {
    if (parseRoute(location.hash).page !== page) return;
    history.replaceState(history.state, '', hrefOf(page, params));
    this.current = { page, params };
  }
}

export const router = new Router();
