import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [tailwindcss(), svelte()],
  resolve: mode === 'test' ? { conditions: ['browser'] } : undefined,
  build: {
    assetsInlineLimit: 0, // the page's policy takes fonts and scripts from files only
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'] },
}));
