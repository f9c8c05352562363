import type { ConfigDraft } from '../../lib/api/client';
import type { Config } from '../../lib/api/types.gen';

const redacted = '<redacted>';

/** Draft is the settings as they are edited. Password is "" to keep the one that is set. */
export interface Draft {
  host: string;
  port: number;
  windowIdle: number;
  passwordOn: boolean;
  username: string;
  password: string;
  openInference: boolean;
  origins: string[];
  hosts: string[];
  logging: boolean;
  content: boolean;
  retentionDays: number;
  bodyCapKB: number;
  logSizeMB: number;
  errorDays: number;
  contentDays: number;
  requestMB: number;
}

export function draftOf(c: Config): Draft {
  const { client_config: client, auth_config: auth, settings } = c;
  return {
    host: settings.host,
    port: settings.port,
    windowIdle: settings.window_idle_minutes,
    passwordOn: auth.is_enabled,
    username: auth.admin_username || 'admin',
    password: '',
    openInference: auth.disable_auth_on_inference,
    origins: client.allowed_origins ?? [],
    hosts: client.allowed_hosts ?? [],
    logging: client.enable_logging,
    content: !client.disable_content_logging,
    retentionDays: client.log_retention_days,
    bodyCapKB: settings.log_body_cap_kb,
    logSizeMB: settings.log_max_size_mb,
    errorDays: settings.log_error_days,
    contentDays: settings.log_content_days,
    requestMB: client.max_request_body_size_mb,
  };
}

/** hasPassword reports whether a password is stored, whether or not it is asked for. */
export function hasPassword(c: Config): boolean {
  return c.auth_config.admin_password !== '';
}

/** changes is what the API is sent: the fields that differ, nothing else. */
export function changes(c: Config, d: Draft): ConfigDraft {
  const was = draftOf(c);
  const out: ConfigDraft = {};
  const client = pick({
    allowed_origins: differs(was.origins, d.origins),
    allowed_hosts: differs(was.hosts, d.hosts),
    enable_logging: differs(was.logging, d.logging),
    disable_content_logging: was.content === d.content ? undefined : !d.content,
    log_retention_days: differs(was.retentionDays, d.retentionDays),
    max_request_body_size_mb: differs(was.requestMB, d.requestMB),
  });
  const settings = pick({
    host: differs(was.host, d.host.trim()),
    port: differs(was.port, d.port),
    window_idle_minutes: differs(was.windowIdle, d.windowIdle),
    log_body_cap_kb: differs(was.bodyCapKB, d.bodyCapKB),
    log_max_size_mb: differs(was.logSizeMB, d.logSizeMB),
    log_error_days: differs(was.errorDays, d.errorDays),
    log_content_days: differs(was.contentDays, d.contentDays),
  });
  const turned = was.passwordOn !== d.passwordOn;
  const auth = pick({
    is_enabled: differs(was.passwordOn, d.passwordOn),
    admin_username: d.passwordOn && (turned || was.username !== d.username.trim()) ? d.username.trim() : undefined,
    admin_password: d.passwordOn && d.password ? d.password : turned && d.passwordOn && hasPassword(c) ? redacted : undefined,
    disable_auth_on_inference: differs(was.openInference, d.openInference),
  });
  if (client) out.client_config = client;
  if (settings) out.settings = settings;
  if (auth) out.auth_config = auth;
  return out;
}

function differs<T>(was: T, now: T): T | undefined {
  return JSON.stringify(was) === JSON.stringify(now) ? undefined : now;
}

function pick<T extends object>(fields: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> | undefined {
  const set = Object.entries(fields).filter(([, v]) => v !== undefined);
  return set.length > 0 ? (Object.fromEntries(set) as never) : undefined;
}
