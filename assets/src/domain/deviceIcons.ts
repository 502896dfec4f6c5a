import type { DeviceType } from '../api/types'

/**
 * The icons as the content of a 24 x 24 `<svg>`, stroked with 1.6 and round ends,
 * unfilled. Routers are round, active boxes square, customers have a roof, passive parts show
 * what the fibre does in them.
 */
export const DEVICE_ICONS: Record<DeviceType, string> = {
  BACKBONE_GATEWAY:
    '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3.4 2.6 3.4 15.4 0 18M12 3c-3.4 2.6-3.4 15.4 0 18"/>',
  CORE_ROUTER:
    '<circle cx="12" cy="12" r="9"/><path d="M12 10V6.5M10.4 8 12 6.4 13.6 8M12 14v3.5M10.4 16l1.6 1.6 1.6-1.6M6.5 12H10M8.4 10.4 10 12l-1.6 1.6M17.5 12H14M15.6 10.4 14 12l1.6 1.6"/>',
  EDGE_ROUTER:
    '<circle cx="12" cy="12" r="9"/><path d="M7 9.7h9.6M14.6 7.7l2 2-2 2M17 14.3H7.4M9.4 12.3l-2 2 2 2"/>',
  OLT: '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M3 12h18M6.5 8.5h.01M9.5 8.5h.01M6.5 15.5h2M11 15.5h2M15.5 15.5h2M14 8.5h4"/>',
  AON_SWITCH:
    '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M7 10h9M13.8 7.8 16 10l-2.2 2.2M17 14.8H8M10.2 12.6 8 14.8l2.2 2.2"/>',
  ONT: '<path d="M3.5 11.5 12 4l8.5 7.5M6 9.8V20h12V9.8"/><circle cx="12" cy="14.5" r="2.2"/>',
  BUSINESS_ONT:
    '<path d="M5 20V4.5h9V20M14 9.5h5V20M3 20h18M8 8h3M8 11.5h3M8 15h3M16.5 13h.01M16.5 16h.01"/>',
  AON_CPE:
    '<path d="M3.5 11.5 12 4l8.5 7.5M6 9.8V20h12V9.8"/><path d="M9.5 12.5h5v3.5h-1.4v1.2h-2.2V16H9.5z"/>',
  POP: '<path d="M4 20.5V9l8-5 8 5v11.5zM9 20.5V14h6v6.5M9.5 10.5h5"/>',
  CORE_SITE:
    '<path d="M3 20.5h18M4.5 20.5v-10M9.5 20.5v-10M14.5 20.5v-10M19.5 20.5v-10M3 10.5 12 4l9 6.5z"/>',
  ODF: '<rect x="4" y="3" width="16" height="18" rx="1.5"/><path d="M4 9h16M4 15h16M7.5 6h.01M12 6h.01M16.5 6h.01M7.5 12h.01M12 12h.01M16.5 12h.01M7.5 18h.01M12 18h.01M16.5 18h.01"/>',
  NVT: '<path d="M5 4h14v14H5zM12 4v14M7.5 18v3M16.5 18v3M9.7 11h.01M14.3 11h.01"/>',
  SPLITTER:
    '<path d="M3 12h6M9 12c4 0 4-7 9-7M9 12h9M9 12c4 0 4 7 9 7"/><circle cx="19.5" cy="5" r="1.5"/><circle cx="19.5" cy="12" r="1.5"/><circle cx="19.5" cy="19" r="1.5"/>',
  HOP: '<path d="M2.5 12h5M16.5 12h5"/><rect x="7.5" y="8" width="9" height="8" rx="4"/><path d="M10.5 12h3"/>',
}
