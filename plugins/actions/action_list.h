/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file action_list.h  Every action, listed once
 *
 * ACTION(name): the type action_NAME in action_NAME.c (unmute: in
 * action_mute.c). The order is that of the documentation. No include guard:
 * included with ACTION defined.
 */
ACTION(answer)
ACTION(beep)
ACTION(branch)
ACTION(condition_datetime)
ACTION(condition_variable)
ACTION(dtmf_receive)
ACTION(dtmf_send)
ACTION(echo)
ACTION(fetch_flow)
ACTION(goto)
ACTION(hangup)
ACTION(mute)
ACTION(patch)
ACTION(play)
ACTION(sleep)
ACTION(stop)
ACTION(talk)
ACTION(unmute)
ACTION(variable_set)
ACTION(webhook_send)
