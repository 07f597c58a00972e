/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file action_list.h  Every action, listed once
 *
 * ACTION(name): the type action_NAME in action_NAME.c (unmute: in
 * action_mute.c, recording_start: in action_record.c, its verbs: in
 * action_recording.c). The order is that of the documentation. No include
 * guard: included with ACTION defined.
 */
ACTION(answer)
ACTION(beep)
ACTION(branch)
ACTION(call)
ACTION(condition_datetime)
ACTION(condition_variable)
ACTION(connect)
ACTION(dtmf_receive)
ACTION(dtmf_send)
ACTION(echo)
ACTION(fetch_flow)
ACTION(goto)
ACTION(hangup)
ACTION(mute)
ACTION(patch)
ACTION(play)
ACTION(record)
ACTION(recording_pause)
ACTION(recording_resume)
ACTION(recording_start)
ACTION(recording_stop)
ACTION(sleep)
ACTION(stop)
ACTION(talk)
ACTION(unmute)
ACTION(variable_set)
ACTION(webhook_send)
