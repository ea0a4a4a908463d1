/** May not be later than the one the installed workerd was built for. */
export const compatibilityDate = "2026-10-01";
