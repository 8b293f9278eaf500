"""What some versions publish as their input, by hand from the models' pages; not from our own table."""

from typing import Any

Schema = dict[str, Any]


def published(required: list[str], **properties: Schema) -> Schema:
    return {"components": {"schemas": {"Input": {"type": "object", "required": required, "properties": properties}}}}


TEXT: Schema = {"type": "string"}
URI: Schema = {"type": "string", "format": "uri"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}


def between(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


INPUTS: dict[str, Schema] = {
    "camenduru/lgm": published(["input_image"], input_image=URI, prompt=TEXT, negative_prompt=TEXT, seed=WHOLE),
    "camenduru/tripo-sr": published(
        ["image_path"], image_path=URI, do_remove_background=FLAG, foreground_ratio=between(0.5, 1)
    ),
    "firtoz/trellis": published(
        ["images"],
        images={"type": "array", "items": URI},
        seed=WHOLE, randomize_seed=FLAG, generate_color=FLAG, generate_normal=FLAG, generate_model=FLAG,
        save_gaussian_ply=FLAG, ss_guidance_strength=between(0, 10), ss_sampling_steps=between(1, 50),
        slat_sampling_steps=between(1, 50), mesh_simplify=between(0.9, 0.98), texture_size=between(512, 2048),
    ),
    "black-forest-labs/flux-schnell": published(
        ["prompt"],
        prompt=TEXT,
        aspect_ratio={"allOf": [{"$ref": "#/components/schemas/aspect_ratio"}]},
        num_outputs=between(1, 4), num_inference_steps=between(1, 4), seed=WHOLE,
        output_format={"type": "string", "enum": ["webp", "jpg", "png"]}, output_quality=between(0, 100),
        disable_safety_checker=FLAG, go_fast=FLAG,
    ),
}  # fmt: skip
INPUTS["black-forest-labs/flux-schnell"]["components"]["schemas"]["aspect_ratio"] = {"enum": ["1:1", "16:9", "3:2"]}
INPUTS["black-forest-labs/flux-dev"] = published(
    ["prompt"],
    prompt=TEXT, image=URI, prompt_strength=between(0, 1), num_outputs=between(1, 4), guidance=between(0, 10),
    num_inference_steps=between(1, 50), seed=WHOLE, go_fast=FLAG, disable_safety_checker=FLAG, megapixels=TEXT,
    output_format={"type": "string", "enum": ["webp", "jpg", "png"]}, aspect_ratio=TEXT, output_quality=WHOLE,
)  # fmt: skip
TRAINER: Schema = {
    "components": {
        "schemas": {
            "TrainingInput": {
                "type": "object",
                "required": ["input_images"],
                "properties": {
                    "input_images": URI, "trigger_word": TEXT, "steps": between(3, 6000),
                    "learning_rate": between(0, 1),
                    "batch_size": WHOLE, "resolution": TEXT, "lora_rank": between(1, 128), "autocaption": FLAG,
                },
            }
        }
    }
}  # fmt: skip
INPUTS["ostris/flux-dev-lora-trainer"] = TRAINER
