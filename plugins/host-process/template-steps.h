/* Exit statuses by which the template says what failed. SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

enum
{
  TEMPLATE_STEP_SIGNAL = 1, /* before exec: death signal */
  TEMPLATE_STEP_SESSION,
  TEMPLATE_STEP_DESCRIPTORS,
  TEMPLATE_STEP_LIMITS,
  TEMPLATE_STEP_EXEC,
  TEMPLATE_STEP_CAPABILITIES, /* after exec */
  TEMPLATE_STEP_HANDLERS,
  TEMPLATE_STEP_HIDDEN,
  TEMPLATE_STEP_FILTER,
  TEMPLATE_N_STEPS
};
